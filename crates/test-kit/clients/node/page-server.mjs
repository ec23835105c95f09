// The page that every client has fetched: an article in the clutter of a real site.
// Run as a program it listens on PAGE_LISTEN (HOST:PORT).
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

/** What must come back in the answer of `fetch`. */
export const SENTENCE = 'The keeper of the north lighthouse counted forty-one ships before dawn.';

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The north lighthouse</title></head>
<body>
  <nav><a href="/">Home</a> <a href="/about">About</a></nav>
  <article>
    <h1>The north lighthouse</h1>
    <p>${SENTENCE} It had been a quiet winter, and the lamp needed little care.</p>
    <p>In the log he wrote the names of those that answered, and drew a small flag for the rest.
       The <a href="/log">log</a> is kept in the village, where anyone may read it.</p>
    <ul><li>Built in 1838</li><li>Lit by oil until 1926</li></ul>
  </article>
  <footer>No cookies here.</footer>
</body></html>
`;

/** Starts the page server; resolves with the page's URL once it listens. */
export function startPageServer(host, port) {
  const server = createServer((request, response) => {
    const found = request.url === '/lighthouse.html';
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
    response.end(found ? PAGE : '<h1>Not found</h1>');
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      resolve({ server, url: `http://${host}:${server.address().port}/lighthouse.html` });
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [host, port] = process.env.PAGE_LISTEN.split(':');
  const { url } = await startPageServer(host, Number(port));
  console.log(url);
}
