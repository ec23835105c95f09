// What the TypeScript clients share: settings, reporting, and an OAuth provider that keeps
// everything in memory through the SDKs' public interface.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { serve, timesAsked } from './documents.mjs';

/** A setting that must be there. */
export function setting(name) {
  assert.ok(process.env[name], `${name} is not set`);
  return process.env[name];
}

/** One line for one thing that worked. */
export function step(what) {
  console.log(what);
}

/** Throws unless the tool's result holds the known page. */
export function assertPage(result) {
  assert.ok(
    JSON.stringify(result).includes(setting('PAGE_SENTENCE')),
    `the page is not in the result: ${JSON.stringify(result).slice(0, 2000)}`,
  );
}

/** The address of the client's own document (CLIENT_DOCUMENT), where it is to have one: from now on
 * this metadata is there. */
export async function describe(metadata) {
  const url = process.env.CLIENT_DOCUMENT;
  if (url) await serve(url, { ...metadata, client_id: url });
  return url;
}

/** Throws unless the gateway has looked at the document, once. */
export async function assertLookedAt(url) {
  assert.equal(await timesAsked(url), 1, `${url} was not looked at once`);
  step('the gateway looked at its document');
}

/** Lists the tools, fetches the page, and checks both. */
export async function listAndFetch(client, note) {
  const { tools } = await client.listTools();
  assert.ok(tools.some((tool) => tool.name === 'fetch'), 'tools/list has no fetch');
  step(`tools/list has fetch (${note})`);
  assertPage(await client.callTool({ name: 'fetch', arguments: { url: setting('PAGE_URL') } }));
  step(`tools/call fetch returned the page (${note})`);
}

/** An OAuthClientProvider (of either SDK) without a disk. */
export class MemoryProvider {
  #name;
  #state = randomUUID();
  #client;
  #tokens;
  #verifier;
  #discovery;

  constructor(name, redirectUrl) {
    this.#name = name;
    this.redirectUrl = redirectUrl;
  }

  get clientMetadata() {
    return {
      client_name: this.#name,
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  state = () => this.#state;
  clientInformation = () => this.#client;
  saveClientInformation = (client) => { this.#client = client; };
  tokens = () => this.#tokens;
  saveTokens = (tokens) => { this.#tokens = tokens; };
  saveCodeVerifier = (verifier) => { this.#verifier = verifier; };
  codeVerifier = () => this.#verifier;
  saveDiscoveryState = (discovery) => { this.#discovery = discovery; };
  discoveryState = () => this.#discovery;
  /** Where the client is described, instead of being registered. */
  clientMetadataUrl;
  redirectToAuthorization = (url) => { this.authorizationUrl = url; };

  /** Replaces the access token by one that no server issued. */
  spoilAccessToken() {
    this.#tokens = { ...this.#tokens, access_token: 'spoilt' };
  }
}
