// What every client asks before it speaks its own dialect: discovery, the 401, CORS.
import assert from 'node:assert/strict';

const ORIGIN = 'http://localhost:6274';

async function get(url, init = {}) {
  const response = await fetch(url, { redirect: 'manual', ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function document(url) {
  const { status, headers, text } = await get(url);
  assert.equal(status, 200, url);
  assert.match(headers.get('content-type'), /^application\/(json|jwk-set\+json)/, url);
  assert.equal(headers.get('access-control-allow-origin'), '*', url);
  return JSON.parse(text);
}

/** RFC 8414 section 3.1, RFC 9728 section 3.1: the suffix goes between host and path. */
const wellKnown = (url, name) => `${url.origin}/.well-known/${name}${url.pathname.replace(/\/$/, '')}`;

function assertChallenge(response, withError) {
  assert.equal(response.status, 401);
  const challenge = response.headers.get('www-authenticate');
  assert.match(challenge, /^Bearer /);
  assert.equal(challenge.match(/Bearer/g).length, 1, challenge);
  const pairs = [...challenge.matchAll(/(\w+)="([^"\\]*)"/g)];
  const fields = Object.fromEntries(pairs.map(([, name, value]) => [name, value]));
  assert.equal(fields.error, withError ? 'invalid_token' : undefined);
  assert.ok(fields.scope, challenge);
  assert.doesNotMatch(fields.scope, /offline_access/);
  return fields;
}

async function plain404(url) {
  const { status, headers, text } = await get(url);
  assert.equal(status, 404, `${url}: ${status}`);
  assert.doesNotMatch(`${headers.get('content-type')}${text}`, /html/i, url);
}

async function assertPreflight(url, method) {
  const requested = 'authorization,content-type,mcp-protocol-version,mcp-method,mcp-name';
  const headers = {
    origin: ORIGIN, 'access-control-request-method': method, 'access-control-request-headers': requested,
  };
  const answer = await get(url, { method: 'OPTIONS', headers });
  assert.ok(answer.status === 200 || answer.status === 204, `${url}: ${answer.status}`);
  assert.ok(['*', ORIGIN].includes(answer.headers.get('access-control-allow-origin')), url);
  const allowed = answer.headers.get('access-control-allow-headers').toLowerCase().split(/\s*,\s*/);
  for (const name of requested.split(',')) assert.ok(allowed.includes(name), `${url} does not allow ${name}`);
}

/** The checks that do not depend on the dialect. Each stands alone. */
export function hostChecks(mcpUrl, { resource, protectedResource, metadata }) {
  const mcp = new URL(mcpUrl);
  const issuer = new URL(metadata.issuer);
  return [
    [1, 'protected resource metadata at the path and at the root, the typed URL as resource', async () => {
      assert.equal(resource, mcpUrl.replace(/\/$/, ''));
      const root = `${mcp.origin}/.well-known/oauth-protected-resource`;
      for (const url of [wellKnown(mcp, 'oauth-protected-resource'), root]) {
        assert.deepEqual(await document(url), protectedResource, url);
      }
      assert.deepEqual(protectedResource.authorization_servers, [metadata.issuer]);
      assert.ok(!protectedResource.scopes_supported.includes('offline_access'));
    }],
    [2, 'metadata under both names, and keys', async () => {
      const oidc = await document(`${metadata.issuer}/.well-known/openid-configuration`);
      assert.equal(oidc.issuer, metadata.issuer);
      for (const name of ['jwks_uri', 'subject_types_supported', 'id_token_signing_alg_values_supported']) {
        assert.ok(oidc[name], name);
      }
      for (const url of [metadata.jwks_uri, `${metadata.issuer}/.well-known/jwks.json`]) {
        assert.ok((await document(url)).keys.length > 0, url);
      }
    }],
    [3, 'metadata of the 2025-03-26 era on the MCP host', async () => {
      const old = await document(`${mcp.origin}/.well-known/oauth-authorization-server`);
      assert.equal(old.issuer, metadata.issuer);
    }],
    [4, 'other well-knowns are plain 404s', async () => {
      for (const origin of new Set([mcp.origin, issuer.origin])) await plain404(`${origin}/.well-known/nothing-here`);
    }],
    [5, 'metadata is complete', () => {
      assert.doesNotMatch(metadata.issuer, /\/$/);
      for (const name of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint', 'revocation_endpoint']) {
        assert.equal(new URL(metadata[name]).origin, issuer.origin, name);
      }
      const contains = (name, ...values) => {
        for (const value of values) assert.ok(metadata[name].includes(value), `${name} without ${value}`);
      };
      contains('response_types_supported', 'code');
      contains('response_modes_supported', 'query');
      contains('grant_types_supported', 'authorization_code', 'refresh_token');
      contains('token_endpoint_auth_methods_supported', 'none', 'client_secret_post', 'client_secret_basic');
      contains('code_challenge_methods_supported', 'S256');
      contains('scopes_supported', 'offline_access');
      assert.ok(!metadata.code_challenge_methods_supported.includes('plain'));
      assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    }],
    [6, '401 for every method, with one Bearer challenge', async () => {
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
        const fields = assertChallenge(await get(mcpUrl, { method }), false);
        assert.equal(fields.resource_metadata, wellKnown(mcp, 'oauth-protected-resource'));
      }
      const headers = { authorization: 'Bearer spoilt' };
      for (const method of ['GET', 'POST']) assertChallenge(await get(mcpUrl, { method, headers }), true);
    }],
    [8, 'the MCP URL with and without a slash, no redirect', async () => {
      for (const url of [resource, `${resource}/`]) assertChallenge(await get(url, { method: 'POST' }), false);
    }],
    [9, 'CORS where browsers fetch, none where they navigate', async () => {
      await assertPreflight(resource, 'POST');
      for (const endpoint of ['registration_endpoint', 'token_endpoint', 'revocation_endpoint']) {
        await assertPreflight(metadata[endpoint], 'POST');
      }
      const refused = await get(resource, { method: 'POST', headers: { origin: ORIGIN } });
      assert.ok(['*', ORIGIN].includes(refused.headers.get('access-control-allow-origin')), 'no CORS on the 401');
      assert.match(refused.headers.get('access-control-expose-headers'), /www-authenticate/i);
      const page = await get(metadata.authorization_endpoint, { headers: { origin: ORIGIN } });
      assert.equal(page.headers.get('access-control-allow-origin'), null);
    }],
  ];
}
