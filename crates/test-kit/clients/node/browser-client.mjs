// The MCP client that the browser comes back to: registers itself, makes authorization requests,
// and listens at its redirect URI.
import { createServer } from 'node:http';
import { discover, pkce, random, register, withQuery } from './oauth.mjs';

/** Listens at the redirect URI, and serves a page that frames whatever it is told to. */
function listen() {
  let arrivals = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://client.invalid');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (url.pathname === '/frame') {
      const target = url.searchParams.get('target').replaceAll('&', '&amp;');
      response.end(`<!doctype html><title>A frame</title><iframe src="${target}"></iframe>`);
      return;
    }
    if (url.pathname === '/callback') arrivals += 1;
    response.end('<!doctype html><title>Back at the client</title><link rel="icon" href="data:,"><h1>Back</h1>');
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({
      origin: `http://127.0.0.1:${server.address().port}`,
      arrivals: () => arrivals,
      close: () => server.close(),
    }));
  });
}

/** A registered client that listens. */
export async function startClient(mcpUrl) {
  const { resource, metadata } = await discover(mcpUrl);
  const { origin, arrivals, close } = await listen();
  const redirectUri = `${origin}/callback`;
  const outOfBandUri = `${metadata.issuer}/success`;
  const registration = await register(metadata.registration_endpoint, {
    client_name: 'Northlight Desk',
    client_uri: 'https://northlight.example',
    redirect_uris: [redirectUri, outOfBandUri],
    token_endpoint_auth_method: 'none',
  });

  /** A fresh authorization request; `change` replaces parameters. */
  function request(change = {}) {
    const state = random();
    const url = withQuery(metadata.authorization_endpoint, {
      response_type: 'code',
      client_id: registration.client_id,
      redirect_uri: redirectUri,
      state,
      code_challenge: pkce().challenge,
      code_challenge_method: 'S256',
      resource,
      ...change,
    });
    return { url: url.href, state };
  }

  return {
    issuer: metadata.issuer,
    redirectUri,
    outOfBandUri,
    request,
    arrivals,
    close,
    frameUrl: (target) => `${origin}/frame?${new URLSearchParams({ target })}`,
  };
}
