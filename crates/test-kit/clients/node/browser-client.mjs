// The MCP client that the browser comes back to: registers itself, makes authorization requests,
// and listens at its redirect URI.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { serve } from './documents.mjs';
import { discover, pkce, postForm, random, register, withQuery } from './oauth.mjs';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

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

  /** A device that has asked for a code (RFC 8628 section 3.2) and waits for its person. */
  async function device() {
    const terminal = await register(metadata.registration_endpoint, {
      client_name: 'Northlight Terminal',
      grant_types: [DEVICE_GRANT, 'refresh_token'],
      response_types: [],
      token_endpoint_auth_method: 'none',
    });
    const begun = await postForm(metadata.device_authorization_endpoint, terminal, { resource });
    assert.equal(begun.status, 200, await begun.clone().text());
    const { device_code: deviceCode, user_code: userCode, ...addresses } = await begun.json();
    return {
      userCode,
      address: addresses.verification_uri,
      addressWithCode: addresses.verification_uri_complete,
      /** Asks once for the tokens; resolves with them, or with the error. */
      async poll() {
        const fields = { grant_type: DEVICE_GRANT, device_code: deviceCode };
        return (await postForm(metadata.token_endpoint, terminal, fields)).json();
      },
    };
  }

  /** Another client with this metadata, and the first request that it makes. */
  async function stranger(changes, scope) {
    const asked = { client_name: 'Stranger', token_endpoint_auth_method: 'none', ...changes };
    const { client_id } = await register(metadata.registration_endpoint, asked);
    return request({ client_id, redirect_uri: changes.redirect_uris[0], scope }).url;
  }

  /** A client that is described by a document, and a request that it makes. */
  async function described() {
    const client_id = 'https://claude.ai/oauth/claude-code-client-metadata';
    const redirect_uris = ['http://localhost/callback'];
    await serve(client_id, { client_id, client_name: 'Claude Code', redirect_uris });
    return request({ client_id, redirect_uri: 'http://localhost:3118/callback' }).url;
  }

  return {
    issuer: metadata.issuer,
    described,
    device,
    stranger,
    redirectUri,
    outOfBandUri,
    request,
    arrivals,
    close,
    frameUrl: (target) => `${origin}/frame?${new URLSearchParams({ target })}`,
  };
}
