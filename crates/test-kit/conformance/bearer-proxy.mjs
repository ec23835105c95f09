// The suite sends no tokens: this stands between it and the gateway and adds one.
//
// Requests that name this proxy as their host or origin go on naming the gateway; any other Host
// or Origin goes on as it came, since the suite checks that those are refused.
import http from 'node:http';
import https from 'node:https';

/** Listens on a free port of 127.0.0.1; resolves with the URL that stands for `target`. */
export function startBearerProxy(target, token) {
  const { request } = target.protocol === 'https:' ? https : http;
  let own;

  const server = http.createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    if (headers.host === own.host) headers.host = target.host;
    if (headers.origin === own.origin) headers.origin = target.origin;
    const options = { method: incoming.method, headers, servername: target.hostname };
    const onward = request(new URL(incoming.url, target), options, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', (error) => {
      if (!outgoing.headersSent) outgoing.writeHead(502);
      outgoing.end(String(error));
    });
    incoming.pipe(onward);
    outgoing.on('close', () => onward.destroy());
  });

  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      own = new URL(`http://localhost:${server.address().port}`);
      resolve({ url: new URL(target.pathname, own), close: () => server.close() });
    });
  });
}
