// One dialect from registration to revocation, each answer checked.
import assert from 'node:assert/strict';
import { browserSteps } from './browser-steps.mjs';
import { assertRegistration, assertScope, assertTokens, callMcp, errorOf } from './dialect-answers.mjs';
import { serve, serveKey, timesAsked } from './documents.mjs';
import { pkce, postForm, postRegistration, withQuery } from './oauth.mjs';
import { patientFetch } from './patient-fetch.mjs';

/** Where a client sends what: by metadata, or (2025-03-26) at the root of the MCP host. */
function endpointsOf(dialect, mcpUrl, metadata) {
  if (dialect.endpoints !== 'mcp-host') {
    const { authorization_endpoint: authorize, token_endpoint: token, registration_endpoint: register } = metadata;
    return { authorize, token, register };
  }
  const at = (path) => new URL(path, mcpUrl).href;
  return { authorize: at('/authorize'), token: at('/token'), register: at('/register') };
}

/** The URL as somebody types it who likes capitals: scheme and host in upper case. */
function upperCase(resource) {
  const { protocol, host, pathname } = new URL(resource);
  return `${protocol}//${host}`.toUpperCase() + pathname;
}

const s256 = (challenge) => ({ code_challenge: challenge, code_challenge_method: 'S256' });

/** Where a browser ends that follows redirects for as long as they stay with the gateway. */
async function lastPage(url, issuer) {
  const response = await patientFetch(url, { redirect: 'manual' });
  const location = response.headers.get('location');
  const next = location && new URL(location, url);
  if (next?.origin === new URL(issuer).origin && next.href !== url.href) return lastPage(next, issuer);
  return { status: response.status, location };
}

/** Replays the dialects of one gateway. */
export class Replay {
  #checks;
  #mcpUrl;
  #discovered;
  #dialect;
  #endpoints;
  #client;

  constructor(checks, mcpUrl, discovered) {
    this.#checks = checks;
    this.#mcpUrl = mcpUrl;
    this.#discovered = discovered;
  }

  async run(dialect) {
    this.#dialect = dialect;
    this.#endpoints = endpointsOf(dialect, this.#mcpUrl, this.#discovered.metadata);
    if (dialect.document) await this.#describe();
    else await this.#register();
    const [first] = dialect.authorize;
    await this.#refuse(first);
    await this.#withoutPkce(first);
    await this.#toNobody(first);
    const grants = [];
    for (const request of dialect.authorize) grants.push(await this.#signIn(request));
    await this.#deadTokens();
    const last = await this.#refresh(grants[0]);
    await this.#replayCode(grants[0], last);
    if (dialect.document) await this.#askedOnce();
  }

  /** The places in a dialect that depend on the gateway. */
  #fill(text) {
    const { resource, protectedResource } = this.#discovered;
    return text?.replace('{resource}', resource).replace('{RESOURCE}', upperCase(resource))
      .replace('{scopes}', protectedResource.scopes_supported.join(' '));
  }

  async #register() {
    const { scope, ...rest } = this.#dialect.registration;
    const registration = { ...rest, scope: this.#fill(scope) };
    this.#client = await this.#checks.check('10-12', 'registered as it asked, and told so', async () =>
      assertRegistration(registration, await postRegistration(this.#endpoints.register, registration)));
  }

  /** A client that never registers: its document is at the address that is its client_id. */
  async #describe() {
    const { document, authenticates_by: method = document.token_endpoint_auth_method } = this.#dialect;
    const what = `described by ${document.client_id}, authenticates by ${method}`;
    this.#client = await this.#checks.check('5,26', what, async () => {
      const { metadata } = this.#discovered;
      // Both are what these clients look for before they come without a registration.
      assert.equal(metadata.client_id_metadata_document_supported, true);
      for (const one of ['none', method]) {
        assert.ok(metadata.token_endpoint_auth_methods_supported.includes(one), `${one} is not supported`);
      }
      await serve(document.client_id, document);
      const client = { client_id: document.client_id, token_endpoint_auth_method: method };
      return method === 'none' ? client : { ...client, sign: await serveKey(document.jwks_uri, client.client_id) };
    });
  }

  async #askedOnce() {
    const { client_id: clientId } = this.#client;
    await this.#checks.check(26, 'its document was fetched once for all of this', async () => {
      assert.equal(await timesAsked(clientId), 1);
    });
  }

  #authorizationUrl({ redirect_uri, state, scope, prompt, resource }, challenge) {
    return withQuery(this.#endpoints.authorize, {
      response_type: 'code', client_id: this.#client.client_id, redirect_uri, state, prompt,
      scope: this.#fill(scope), resource: this.#fill(resource), ...challenge,
    });
  }

  /** The redirect to the client: to the letter its URI, with its state and our issuer. */
  async #visit(request, challenge, decision) {
    const answer = await browserSteps(this.#authorizationUrl(request, challenge), request.redirect_uri, decision);
    assert.ok(answer.href.startsWith(`${request.redirect_uri}?`), `${answer} is not at ${request.redirect_uri}`);
    assert.deepEqual(answer.searchParams.getAll('state'), request.state === undefined ? [] : [request.state]);
    assert.deepEqual(answer.searchParams.getAll('iss'), [this.#discovered.metadata.issuer]);
    return answer.searchParams;
  }

  async #refuse(request) {
    await this.#checks.check(18, 'a refusal goes back with state and iss', async () => {
      const answer = await this.#visit(request, s256(pkce().challenge), 'refuse');
      assert.equal(answer.get('error'), 'access_denied');
      assert.equal(answer.get('code'), null);
    });
  }

  async #withoutPkce(request) {
    await this.#checks.check(15, 'no PKCE, or plain, goes back as invalid_request', async () => {
      const plain = { code_challenge: pkce().verifier, code_challenge_method: 'plain' };
      for (const challenge of [{}, plain]) {
        assert.equal((await this.#visit(request, challenge)).get('error'), 'invalid_request');
      }
    });
  }

  async #signIn(request) {
    const { verifier, challenge } = pkce();
    const { redirect_uri: redirectUri, resource = 'absent', scope = 'absent' } = request;
    const what = `code at ${redirectUri}, resource ${resource}, scope ${scope}`;
    const code = await this.#checks.check('15-18', what, async () => {
      const answer = await this.#visit(request, s256(challenge));
      assert.equal(answer.get('error'), null, answer.get('error_description'));
      assert.ok(answer.get('code'));
      return answer.get('code');
    });
    const fields = {
      grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier,
      resource: this.#fill(this.#dialect.token.resource),
    };
    const inTokens = 'tokens for the configured resource, with every known scope that was asked';
    const tokens = await this.#checks.check('14-16,19,24', inTokens, async () => {
      const answer = await assertTokens(await this.#token(fields), this.#discovered);
      assertScope(answer, this.#fill(request.scope), this.#discovered);
      return answer;
    });
    await this.#checks.check(8, 'the MCP server answers', () => callMcp(this.#mcpUrl, tokens.access_token));
    return { fields, tokens };
  }

  #token(fields, client = this.#client) {
    return postForm(this.#endpoints.token, client, fields);
  }

  async #toNobody(request) {
    await this.#checks.check('13,17', 'an unknown client or redirect URI is a page, and no redirect', async () => {
      const known = this.#authorizationUrl(request, s256(pkce().challenge));
      for (const [name, value] of [['client_id', 'nobody'], ['redirect_uri', `${request.redirect_uri}x`]]) {
        const url = new URL(known);
        url.searchParams.set(name, value);
        const { status, location } = await lastPage(url, this.#discovered.metadata.issuer);
        assert.deepEqual([status, location], [400, null], name);
      }
    });
  }

  async #deadTokens() {
    await this.#checks.check(13, 'an unknown client is 401 invalid_client at the token endpoint', async () => {
      const nobody = { client_id: 'nobody', token_endpoint_auth_method: 'none' };
      const response = await this.#token({ grant_type: 'refresh_token', refresh_token: 'spoilt' }, nobody);
      assert.deepEqual(await errorOf(response), [401, 'invalid_client']);
    });
    await this.#checks.check(22, 'a dead refresh token is 400 invalid_grant', async () => {
      const response = await this.#token({ grant_type: 'refresh_token', refresh_token: 'spoilt' });
      assert.deepEqual(await errorOf(response), [400, 'invalid_grant']);
    });
  }

  async #refresh({ tokens }) {
    const { parallel, scope, resource } = this.#dialect.refresh;
    const fields = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, scope: this.#fill(scope) };
    await this.#checks.check(21, 'another resource is invalid_target, and costs nothing', async () => {
      const response = await this.#token({ ...fields, resource: 'https://elsewhere.example/mcp' });
      assert.deepEqual(await errorOf(response), [400, 'invalid_target']);
    });
    const what = `${parallel} at once, resource ${resource ?? 'absent'}, scope ${scope ?? 'absent'}: one live pair`;
    const pairs = await this.#checks.check(21, what, async () => {
      const asked = { ...fields, resource: this.#fill(resource) };
      const responses = await Promise.all(Array.from({ length: parallel }, () => this.#token(asked)));
      const answers = [];
      for (const response of responses) answers.push(await assertTokens(response, this.#discovered));
      assert.equal(new Set(answers.map((answer) => answer.refresh_token)).size, 1, 'several successors');
      assert.notEqual(answers[0].refresh_token, tokens.refresh_token, 'no rotation');
      for (const { access_token: token } of answers) await callMcp(this.#mcpUrl, token);
      // A client that lost the answer asks again, soon.
      const late = await assertTokens(await this.#token(asked), this.#discovered);
      assert.equal(late.refresh_token, answers[0].refresh_token, 'another successor in the grace');
      return answers;
    });
    return this.#checks.check(21, 'unknown scopes in a refresh are dropped, not refused', async () => {
      const wide = { ...fields, refresh_token: pairs[0].refresh_token, scope: `${tokens.scope} openid everything` };
      const answer = await assertTokens(await this.#token(wide), this.#discovered);
      assert.equal(answer.scope, tokens.scope);
      return answer;
    });
  }

  async #replayCode({ fields }, last) {
    await this.#checks.check(20, 'a code is good once; its replay ends what it gave', async () => {
      assert.deepEqual(await errorOf(await this.#token(fields)), [400, 'invalid_grant']);
      const refresh = { grant_type: 'refresh_token', refresh_token: last.refresh_token };
      assert.deepEqual(await errorOf(await this.#token(refresh)), [400, 'invalid_grant']);
      await assert.rejects(callMcp(this.#mcpUrl, last.access_token), 'its access token is still good');
    });
  }
}
