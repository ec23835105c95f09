// The TypeScript SDK v2 (@modelcontextprotocol/client), unmodified, in both protocol eras; as a
// client that registers, or (CLIENT_DOCUMENT) as one with a document of its own.
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { browserSteps } from './browser-steps.mjs';
import { assertLookedAt, describe, listAndFetch, MemoryProvider, setting, step } from './common.mjs';

const url = new URL(setting('MCP_URL'));
const provider = new MemoryProvider('TypeScript SDK v2', 'http://127.0.0.1:33402/callback');
provider.clientMetadataUrl = await describe(provider.clientMetadata);
const newClient = (mode) =>
  new Client({ name: 'sdk-v2', version: '1.0.0' }, { versionNegotiation: { mode } });
const newTransport = () => new StreamableHTTPClientTransport(url, { authProvider: provider });

const first = newTransport();
await assert.rejects(newClient('auto').connect(first), UnauthorizedError);
step('discovered and registered');
if (provider.clientMetadataUrl) {
  assert.equal(provider.authorizationUrl.searchParams.get('client_id'), provider.clientMetadataUrl);
}
const callback = await browserSteps(provider.authorizationUrl, provider.redirectUrl);
assert.equal(callback.searchParams.get('state'), provider.state());
step('browser steps done');
// The SDK checks `iss` itself (RFC 9207) when it gets the whole response.
await first.finishAuth(callback.searchParams);
step('tokens received');

const legacy = newClient('legacy');
await legacy.connect(newTransport());
await listAndFetch(legacy, 'initialize');
await legacy.close();

const before = provider.tokens();
provider.spoilAccessToken();
const modern = newClient({ pin: '2026-07-28' });
await modern.connect(newTransport());
await listAndFetch(modern, '2026-07-28, after a refresh');
await modern.close();
assert.notEqual(provider.tokens().refresh_token, before.refresh_token);
step('refreshed: a new pair after the access token was refused');
if (provider.clientMetadataUrl) await assertLookedAt(provider.clientMetadataUrl);
