// What a client makes of the answers that it gets: stricter than any single one of them.
import assert from 'node:assert/strict';

/** Status and error code of an OAuth error (RFC 6749 section 5.2). */
export async function errorOf(response) {
  assert.match(response.headers.get('content-type'), /^application\/json/);
  return [response.status, (await response.json()).error];
}

function assertNotStored(response) {
  assert.match(response.headers.get('cache-control'), /no-store/);
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
}

/** A registration response (RFC 7591 section 3.2.1) to what was asked; resolves with the client. */
export async function assertRegistration(asked, response) {
  assert.equal(response.status, 201, await response.clone().text());
  assertNotStored(response);
  const client = await response.json();
  for (const [name, value] of Object.entries(client)) {
    for (const one of [value].flat()) assert.ok(one !== null && one !== '', `${name} is ${value}`);
  }
  assert.ok(client.client_id);
  assert.ok(Number.isInteger(client.client_id_issued_at));
  assert.deepEqual(client.redirect_uris, asked.redirect_uris);
  assert.equal(client.client_name, asked.client_name);
  // What is not offered is dropped and not refused.
  assert.ok(client.grant_types.includes('authorization_code') && client.grant_types.includes('refresh_token'));
  assert.ok(client.grant_types.every((one) => asked.grant_types.includes(one)));
  assert.deepEqual(client.response_types, ['code']);
  assert.equal(client.token_endpoint_auth_method, asked.token_endpoint_auth_method ?? 'client_secret_basic');
  if (client.token_endpoint_auth_method === 'none') {
    assert.ok(!('client_secret' in client) && !('client_secret_expires_at' in client));
  } else {
    assert.match(client.client_secret, /^[\w-]{32,}$/, 'a secret that some client would have to escape');
    assert.equal(client.client_secret_expires_at, 0);
  }
  return client;
}

function decode(part) {
  return JSON.parse(Buffer.from(part, 'base64url'));
}

/** A token response (RFC 6749 section 5.1) with an access token of RFC 9068; resolves with it. */
export async function assertTokens(response, { resource, metadata }) {
  assert.equal(response.status, 200, await response.clone().text());
  assertNotStored(response);
  assert.equal(response.headers.get('pragma'), 'no-cache');
  const tokens = await response.json();
  assert.equal(tokens.token_type, 'Bearer');
  assert.ok(Number.isInteger(tokens.expires_in) && tokens.expires_in > 0);
  assert.equal(typeof tokens.refresh_token, 'string');
  assert.equal(typeof tokens.scope, 'string');
  const [header, claims] = tokens.access_token.split('.').slice(0, 2).map(decode);
  assert.equal(header.typ, 'at+jwt');
  assert.ok(header.kid);
  assert.equal(claims.aud, resource);
  assert.equal(claims.iss, metadata.issuer);
  for (const name of ['sub', 'client_id', 'scope', 'exp', 'iat', 'jti']) assert.ok(claims[name], `no ${name}`);
  return tokens;
}

/** Unknown scopes are dropped; none left, or none asked, means the resource's own. */
export function assertScope(tokens, asked, { metadata, protectedResource }) {
  const known = (asked ?? '').split(' ').filter((one) => metadata.scopes_supported.includes(one));
  const expected = known.length ? known : protectedResource.scopes_supported;
  assert.deepEqual(tokens.scope.split(' ').sort(), [...expected].sort());
}

/** An MCP request with this token; throws unless it is answered. */
export async function callMcp(mcpUrl, token) {
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'dialect', version: '1.0.0' } },
    }),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.match(text, /"serverInfo"/);
}
