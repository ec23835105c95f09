#!/usr/bin/env node
// The official MCP conformance suite against one gateway: the authorization server for each kind
// of client, and the MCP server behind it in both protocol eras.
//
//   [PASSPHRASE=…] node run.mjs MCP_URL     (or MCP_URL in the environment)
//
// The person's part is played by ../clients/node/browser-steps.mjs. Ends with `N passed, N failed`.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { browserSteps } from '../clients/node/browser-steps.mjs';
import { discover, register, signIn } from '../clients/node/oauth.mjs';
import { startBearerProxy } from './bearer-proxy.mjs';
import { runSuite } from './suite.mjs';

const EXPECTED_FAILURES = fileURLToPath(new URL('expected-failures.yml', import.meta.url));

/** The scenarios that need no tools of the suite's own example server, by specification. */
const SERVER_SCENARIOS = {
  '2025-11-25': [
    'server-initialize', 'ping', 'tools-list', 'server-sse-multiple-streams', 'server-sse-polling',
    'server-session-lifecycle', 'dns-rebinding-protection',
  ],
  '2026-07-28': [
    'server-stateless', 'tools-list', 'server-sse-multiple-streams', 'caching', 'http-header-validation',
    'sep-2164-resource-not-found', 'input-required-result-unsupported-methods', 'dns-rebinding-protection',
  ],
};

const AUTH_METHODS = ['none', 'client_secret_post', 'client_secret_basic'];

function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The `authorization` scenarios with a fresh client that authenticates so. */
async function authorization({ metadata, resource }, authMethod) {
  const port = await freePort();
  const redirectUri = `http://127.0.0.1:${port}/callback`;
  const client = await register(metadata.registration_endpoint, {
    client_name: `Conformance suite, ${authMethod}`,
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: authMethod,
  });
  assert.equal(Boolean(client.client_secret), authMethod !== 'none');
  const args = ['authorization', '--url', metadata.issuer, '--client-id', client.client_id];
  args.push('--resource', resource, '--port', String(port));
  if (client.client_secret) args.push('--client-secret', client.client_secret);

  // The suite prints the URL that a person is to open, and listens for the redirect.
  const visit = (line) => {
    if (!line.startsWith(`${metadata.authorization_endpoint}?`)) return;
    browserSteps(line.trim(), redirectUri).then((callback) => fetch(callback)).catch(console.error);
  };
  const confidential = authMethod === 'none' ? undefined : authMethod;
  const result = await runSuite(args, { authMethod: confidential, onLine: visit });
  const passed = (scenario) => new RegExp(`✓ ${scenario}: [1-9]\\d* passed, 0 failed`).test(result.output);
  const complete = passed('authorization-server-metadata-endpoint') && passed('authorization-code-grant');
  return { ...result, ok: result.code === 0 && complete };
}

async function server(url, specVersion, scenario) {
  const args = ['server', '--url', url.href, '--scenario', scenario, '--spec-version', specVersion];
  const result = await runSuite([...args, '--expected-failures', EXPECTED_FAILURES]);
  return { ...result, ok: result.code === 0 };
}

const counts = { passed: 0, failed: 0 };

function report(what, { ok, output }) {
  counts[ok ? 'passed' : 'failed'] += 1;
  if (!ok) console.log(output);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${what}`);
}

const mcpUrl = process.argv[2] ?? process.env.MCP_URL;
assert.ok(mcpUrl, 'usage: run.mjs MCP_URL');
const discovered = await discover(mcpUrl);
for (const authMethod of AUTH_METHODS) {
  report(`authorization, client of ${authMethod}`, await authorization(discovered, authMethod));
}

const tokens = await signIn(mcpUrl, 'Conformance suite, MCP server');
const proxy = await startBearerProxy(new URL(discovered.resource), tokens.access_token);
for (const [specVersion, scenarios] of Object.entries(SERVER_SCENARIOS)) {
  for (const scenario of scenarios) {
    report(`server ${specVersion} ${scenario}`, await server(proxy.url, specVersion, scenario));
  }
}
proxy.close();

console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed ? 1 : 0;
