// The TypeScript SDK v1 (@modelcontextprotocol/sdk), unmodified, through its public interface.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { browserSteps } from './browser-steps.mjs';
import { listAndFetch, MemoryProvider, setting, step } from './common.mjs';

const url = new URL(setting('MCP_URL'));
const provider = new MemoryProvider('TypeScript SDK v1', 'http://127.0.0.1:33401/callback');
const newClient = () => new Client({ name: 'sdk-v1', version: '1.0.0' });
const newTransport = () => new StreamableHTTPClientTransport(url, { authProvider: provider });

const first = newTransport();
await assert.rejects(newClient().connect(first), UnauthorizedError);
step('discovered and registered');
const callback = await browserSteps(provider.authorizationUrl, provider.redirectUrl);
assert.equal(callback.searchParams.get('state'), provider.state());
assert.ok(callback.searchParams.get('iss'), 'no iss in the authorization response');
step('browser steps done');
await first.finishAuth(callback.searchParams.get('code'));
step('tokens received');

const client = newClient();
await client.connect(newTransport());
await listAndFetch(client, 'first token');

const before = provider.tokens();
provider.spoilAccessToken();
await listAndFetch(client, 'after a refresh');
assert.notEqual(provider.tokens().refresh_token, before.refresh_token);
step('refreshed: a new pair after the access token was refused');
await client.close();
