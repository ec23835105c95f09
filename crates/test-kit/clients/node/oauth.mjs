// The wire, spoken by hand: what the clients that are only imitated here (the dialects, the
// conformance suite's client, Chromium's) need of OAuth.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { browserSteps } from './browser-steps.mjs';
import { patientFetch } from './patient-fetch.mjs';

export const random = () => randomBytes(32).toString('base64url');

/** A PKCE pair (RFC 7636, S256). */
export function pkce() {
  const verifier = random();
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

async function json(url, init) {
  const response = await fetch(url, init);
  assert.ok(response.ok, `${url} answered ${response.status}: ${await response.clone().text()}`);
  return response.json();
}

/** Authorization server metadata, found from the 401 of the MCP URL (RFC 9728, RFC 8414). */
export async function discover(mcpUrl) {
  const refusal = await fetch(mcpUrl, { method: 'POST' });
  assert.equal(refusal.status, 401);
  const [, location] = refusal.headers.get('www-authenticate').match(/resource_metadata="([^"]+)"/);
  const protectedResource = await json(location);
  const metadata = await json(`${protectedResource.authorization_servers[0]}/.well-known/oauth-authorization-server`);
  return { resource: protectedResource.resource, protectedResource, metadata };
}

/** Asks until a token is refused: a revocation is at every verifier soon, and within five seconds at worst. */
export async function untilRefused(mcpUrl, accessToken) {
  const headers = { authorization: `Bearer ${accessToken}` };
  for (let tries = 0; tries < 100; tries += 1) {
    const { status } = await fetch(mcpUrl, { method: 'POST', headers });
    if (status === 401) return;
    await setTimeout(50);
  }
  assert.fail('a revoked token was good for five seconds');
}

/** Registers a client (RFC 7591); resolves with the response as it came. */
export function postRegistration(endpoint, body) {
  return patientFetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
}

/** The same, where nothing but success will do. */
export async function register(endpoint, body) {
  const response = await postRegistration(endpoint, body);
  assert.equal(response.status, 201, await response.clone().text());
  return response.json();
}

/** A URL with these parameters; undefined ones are left out. */
export function withQuery(endpoint, parameters) {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.append(name, value);
  }
  return url;
}

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Posts a form, the client authenticated as it registered (RFC 6749 section 2.3.1), or by what
 * its `sign` gives (RFC 7523 section 2.2). */
export function postForm(endpoint, client, fields) {
  const { client_id: id, client_secret: secret, token_endpoint_auth_method: method } = client;
  const body = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== undefined));
  const headers = { accept: 'application/json' };
  if (method === 'client_secret_basic') {
    const credentials = [id, secret].map(encodeURIComponent).join(':');
    headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  } else {
    body.set('client_id', id);
    if (method === 'client_secret_post') body.set('client_secret', secret);
    if (method === 'private_key_jwt') {
      body.set('client_assertion_type', JWT_BEARER);
      body.set('client_assertion', client.sign(endpoint));
    }
  }
  return patientFetch(endpoint, { method: 'POST', headers, body });
}

/** A whole sign-in of a new public client with nothing special about it; resolves with its tokens. */
export async function signIn(mcpUrl, name) {
  const { resource, metadata } = await discover(mcpUrl);
  const redirectUri = 'http://127.0.0.1:33410/callback';
  const client = await register(metadata.registration_endpoint, {
    client_name: name, redirect_uris: [redirectUri], token_endpoint_auth_method: 'none',
  });
  const { verifier, challenge } = pkce();
  const callback = await browserSteps(withQuery(metadata.authorization_endpoint, {
    response_type: 'code', client_id: client.client_id, redirect_uri: redirectUri, state: random(),
    code_challenge: challenge, code_challenge_method: 'S256', resource,
  }), redirectUri);
  const response = await postForm(metadata.token_endpoint, client, {
    grant_type: 'authorization_code', code: callback.searchParams.get('code'), redirect_uri: redirectUri,
    code_verifier: verifier, resource,
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}
