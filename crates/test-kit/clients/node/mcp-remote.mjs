// mcp-remote, the unmodified program, driven over stdio as a desktop client drives it; as a client
// that registers, or (CLIENT_DOCUMENT) as one with a document of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { browserSteps } from './browser-steps.mjs';
import { assertLookedAt, assertPage, describe, setting, step } from './common.mjs';

const program = fileURLToPath(new URL('node_modules/mcp-remote/dist/proxy.js', import.meta.url));

// The port is found out at each start, so the document names none.
const documentUrl = await describe({
  client_name: 'mcp-remote', redirect_uris: ['http://localhost/oauth/callback', 'http://127.0.0.1/oauth/callback'],
  grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'none',
});
const options = documentUrl ? ['--client-metadata-url', documentUrl] : [];

/** One run of the program: JSON-RPC over stdio, and the authorization URL it asks to visit. */
class Remote {
  #child;
  #nextId = 1;
  #answers = new Map();
  /** The log, which tells whether a person was needed. */
  log = '';

  constructor(configDir) {
    // `true` stands for the desktop's browser: the person comes by the URL in the log.
    const env = { ...process.env, MCP_REMOTE_CONFIG_DIR: configDir, BROWSER: 'true' };
    this.#child = spawn(process.execPath, [program, setting('MCP_URL'), ...options], { env });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const message = JSON.parse(line);
      this.#answers.get(message.id)?.(message);
    });
    this.#child.stderr.on('data', (data) => { this.log += data; });
    this.ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.ended.then((code) => {
      for (const answer of this.#answers.values()) {
        answer({ error: `mcp-remote ended with ${code}:\n${this.log}` });
      }
    });
  }

  async request(method, params) {
    const id = this.#nextId++;
    const answer = new Promise((resolve) => this.#answers.set(id, resolve));
    this.#send({ jsonrpc: '2.0', id, method, params });
    const message = await answer;
    assert.equal(message.error, undefined, JSON.stringify(message.error));
    return message.result;
  }

  #send(message) {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  async initialize() {
    await this.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'mcp-remote test', version: '1.0.0' },
    });
    this.#send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  async listAndFetch(note) {
    const { tools } = await this.request('tools/list', {});
    assert.ok(tools.some((tool) => tool.name === 'fetch'), 'tools/list has no fetch');
    step(`tools/list has fetch (${note})`);
    const call = { name: 'fetch', arguments: { url: setting('PAGE_URL') } };
    assertPage(await this.request('tools/call', call));
    step(`tools/call fetch returned the page (${note})`);
  }

  /** The URL that the program asks the person to visit. */
  async authorizationUrl() {
    for (;;) {
      const match = this.log.match(/visiting:\s+(\S+)\s/);
      if (match) return new URL(match[1]);
      const ended = await Promise.race([this.ended.then(() => true), pause(100)]);
      assert.ok(!ended, `mcp-remote ended:\n${this.log}`);
    }
  }

  async stop() {
    this.#child.kill();
    await this.ended;
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(() => resolve(false), milliseconds));

/** Makes the stored access token unusable; returns the stored pair. */
async function spoilTokens(configDir) {
  const files = await readdir(configDir, { recursive: true });
  const path = join(configDir, files.find((file) => file.endsWith('_tokens.json')));
  const tokens = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...tokens, access_token: 'spoilt', expires_at: 1 }));
  return { path, tokens };
}

const configDir = await mkdtemp(join(tmpdir(), 'mcp-remote-'));
try {
  const first = new Remote(configDir);
  const initialized = first.initialize();
  const authorizationUrl = await first.authorizationUrl();
  step('discovered and registered');
  if (documentUrl) assert.equal(authorizationUrl.searchParams.get('client_id'), documentUrl);
  const redirectUri = authorizationUrl.searchParams.get('redirect_uri');
  const callback = await browserSteps(authorizationUrl, redirectUri);
  const arrival = await fetch(callback);
  assert.ok(arrival.ok, `the callback answered ${arrival.status}`);
  step('browser steps done');
  await initialized;
  await first.listAndFetch('first token');
  await first.stop();

  const { path, tokens } = await spoilTokens(configDir);
  const second = new Remote(configDir);
  await second.initialize();
  await second.listAndFetch('after a refresh');
  await second.stop();
  assert.doesNotMatch(second.log, /authorize this client/, 'a person was asked again');
  const refreshed = JSON.parse(await readFile(path, 'utf8'));
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  step('refreshed: a new pair, and no person was asked');
  if (documentUrl) await assertLookedAt(documentUrl);
} finally {
  await rm(configDir, { recursive: true, force: true });
}
