// oauth4webapi, unmodified, as a public client: protected resource metadata, authorization server
// metadata, registration, code, refresh, revocation, each answer judged by the library.
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import * as oauth from 'oauth4webapi';
import { browserSteps } from './browser-steps.mjs';
import { listAndFetch, setting, step } from './common.mjs';
import { untilRefused, withQuery } from './oauth.mjs';

const REDIRECT_URI = 'http://127.0.0.1:33405/callback';
const url = new URL(setting('MCP_URL'));
const insecure = { [oauth.allowInsecureRequests]: url.protocol === 'http:' };

const challenge = await oauth.protectedResourceRequest('spoilt', 'POST', url, undefined, undefined, insecure)
  .then(() => assert.fail('no challenge'), (error) => {
    assert.ok(error instanceof oauth.WWWAuthenticateChallengeError, error);
    return error;
  });
assert.equal(challenge.status, 401);
const [{ scheme, parameters }] = challenge.cause;
assert.equal(scheme, 'bearer');
assert.equal(parameters.error, 'invalid_token');

const prm = await oauth.resourceDiscoveryRequest(url, insecure);
const resource = await oauth.processResourceDiscoveryResponse(url, prm);
assert.equal(prm.url, parameters.resource_metadata);
const issuer = new URL(resource.authorization_servers[0]);
const discovery = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' });
const as = await oauth.processDiscoveryResponse(issuer, discovery);
const registration = await oauth.dynamicClientRegistrationRequest(as, {
  client_name: 'oauth4webapi',
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
}, insecure);
const client = await oauth.processDynamicClientRegistrationResponse(registration);
assert.equal(client.token_endpoint_auth_method, 'none');
step('discovered and registered');

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const authorizationUrl = withQuery(as.authorization_endpoint, {
  response_type: 'code',
  client_id: client.client_id,
  redirect_uri: REDIRECT_URI,
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  resource: resource.resource,
});
const callback = await browserSteps(authorizationUrl, REDIRECT_URI);
const answer = oauth.validateAuthResponse(as, client, callback, state);
step('browser steps done');
const none = oauth.None();
const options = { ...insecure, additionalParameters: { resource: resource.resource } };
const exchange = await oauth.authorizationCodeGrantRequest(as, client, none, answer, REDIRECT_URI, verifier, options);
const first = await oauth.processAuthorizationCodeResponse(as, client, exchange);
step('tokens received');

async function connect(token) {
  const fetchWith = (target, { method, body, headers }) =>
    oauth.protectedResourceRequest(token, method, new URL(target), new Headers(headers), body, insecure);
  const mcp = new Client({ name: 'oauth4webapi', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await mcp.connect(new StreamableHTTPClientTransport(url, { fetch: fetchWith }));
  return mcp;
}

const mcp = await connect(first.access_token);
await listAndFetch(mcp, 'first token');
await mcp.close();

async function refresh({ refresh_token: token }) {
  const response = await oauth.refreshTokenGrantRequest(as, client, none, token, options);
  return oauth.processRefreshTokenResponse(as, client, response);
}

const second = await refresh(first);
assert.notEqual(second.refresh_token, first.refresh_token);
const again = await connect(second.access_token);
await listAndFetch(again, 'after a refresh');
await again.close();

const revocation = await oauth.revocationRequest(as, client, none, second.refresh_token, insecure);
await oauth.processRevocationResponse(revocation);
await assert.rejects(refresh(second), { error: 'invalid_grant' });
await untilRefused(url, second.access_token);
await assert.rejects(connect(second.access_token));
step('revoked: neither token of the pair is good any more');
