// openid-client, unmodified, as a confidential client (client_secret_basic): discovery by OpenID
// Connect's document, registration, code, refresh, revocation; the MCP calls go through it too.
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import * as openid from 'openid-client';
import { browserSteps } from './browser-steps.mjs';
import { listAndFetch, setting, step } from './common.mjs';
import { discover, untilRefused } from './oauth.mjs';

const REDIRECT_URI = 'http://127.0.0.1:33404/callback';
const url = new URL(setting('MCP_URL'));
// openid-client knows nothing of protected resources: which issuer it is, it is told.
const { resource, metadata } = await discover(url);
const issuer = new URL(metadata.issuer);
const execute = issuer.protocol === 'http:' ? [openid.allowInsecureRequests] : [];

const config = await openid.dynamicClientRegistration(issuer, {
  client_name: 'openid-client',
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'client_secret_basic',
}, openid.ClientSecretBasic(), { execute });
assert.ok(config.clientMetadata().client_secret, 'no secret');
step('discovered and registered');

const verifier = openid.randomPKCECodeVerifier();
const state = openid.randomState();
const authorizationUrl = openid.buildAuthorizationUrl(config, {
  redirect_uri: REDIRECT_URI,
  scope: 'mcp offline_access',
  state,
  code_challenge: await openid.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  resource,
});
const callback = await browserSteps(authorizationUrl, REDIRECT_URI);
step('browser steps done');
const checks = { pkceCodeVerifier: verifier, expectedState: state };
const first = await openid.authorizationCodeGrant(config, callback, checks, { resource });
step('tokens received');

/** What the SDK's transport would fetch, fetched by openid-client with this token. */
const fetchWith = (token) => (target, { method, body, headers }) =>
  openid.fetchProtectedResource(config, token, new URL(target), method, body, new Headers(headers));

async function connect(token) {
  const client = new Client({ name: 'openid-client', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: fetchWith(token) }));
  return client;
}

const client = await connect(first.access_token);
await listAndFetch(client, 'first token');
await client.close();

const second = await openid.refreshTokenGrant(config, first.refresh_token, { resource });
assert.notEqual(second.refresh_token, first.refresh_token);
const again = await connect(second.access_token);
await listAndFetch(again, 'after a refresh');
await again.close();

await openid.tokenRevocation(config, second.refresh_token);
await assert.rejects(openid.refreshTokenGrant(config, second.refresh_token), { error: 'invalid_grant' });
await untilRefused(url, second.access_token);
await assert.rejects(connect(second.access_token));
step('revoked: neither token of the pair is good any more');
