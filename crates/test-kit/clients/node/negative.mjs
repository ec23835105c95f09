#!/usr/bin/env node
// Requests that no client would send, made at random from a seed: whatever comes, the answer is
// one that RFC 6749 or RFC 7591 knows, as JSON that nobody stores, and never 5xx or 422.
//
//   MCP_URL=… [SEED=…] [CASES=…] node negative.mjs
import assert from 'node:assert/strict';
import { setting } from './common.mjs';
import { discover, register } from './oauth.mjs';

const TOKEN_ERRORS = [
  'invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type',
  'invalid_scope', 'invalid_target', 'unsupported_token_type',
];
const REGISTRATION_ERRORS = ['invalid_redirect_uri', 'invalid_client_metadata', 'invalid_request'];
const REDIRECT_URI = 'http://127.0.0.1:33408/callback';

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 32);
const cases = Number(process.env.CASES ?? 400);

/** mulberry32: small, and the same everywhere. */
function generator(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const chance = generator(seed);
const below = (bound) => Math.floor(chance() * bound);
const one = (choices) => choices[below(choices.length)];

const STRINGS = [
  '', ' ', '\u0000', '\r\nSet-Cookie: a=b', '%', '%zz', '%ff%fe', 'ünïcödé', '\u{1f600}', '\ud800',
  '<script>alert(1)</script>', '../../etc/passwd', '*', 'null', '-1', '9'.repeat(40), 'a'.repeat(5000),
  "' OR 1=1 --", '{{7*7}}', 'a.b.c', 'mcp', 'S256', REDIRECT_URI, 'https://', 'http://[::1', '//evil.example',
  'javascript:alert(1)', 'data:,x', 'https://a@b/', 'https://x/#f', 'authorization_code', 'refresh_token',
  'client_credentials', 'none', 'client_secret_basic', 'code', 'token',
];

function nested(depth) {
  return depth ? [nested(depth - 1)] : 1;
}

function value() {
  return one([
    () => one(STRINGS), () => one(STRINGS), () => null, () => true, () => below(10) - 5, () => 1e308, () => [],
    () => ({}), () => [one(STRINGS), one(STRINGS)], () => [null, 1, {}], () => ({ [one(STRINGS)]: one(STRINGS) }),
    () => nested(below(300)), () => Array.from({ length: 500 }, () => one(STRINGS)),
  ])();
}

const REGISTRATION = [
  'redirect_uris', 'client_name', 'grant_types', 'response_types', 'token_endpoint_auth_method', 'scope', 'client_uri',
  'logo_uri', 'contacts', 'jwks', 'jwks_uri', 'application_type', 'software_id', 'client_id', 'client_secret', '__proto__',
];
const PARAMETERS = [
  'grant_type', 'code', 'redirect_uri', 'code_verifier', 'refresh_token', 'client_id', 'client_secret', 'scope', 'resource',
  'token', 'token_type_hint', 'client_assertion', 'client_assertion_type', 'assertion', 'response_type', 'response_mode',
  'state', 'code_challenge', 'code_challenge_method', 'prompt', 'nonce', 'request', 'request_uri', 'iss', '',
];

const GRANT_TYPES = ['authorization_code', 'refresh_token', 'password', 'Refresh_Token'];
const FORM = 'application/x-www-form-urlencoded';
const OTHER_TYPES = ['text/plain', `${FORM}; charset=latin1`, ''];

function metadataBody() {
  const body = chance() < 0.5 ? { redirect_uris: [REDIRECT_URI] } : {};
  for (let count = below(6); count >= 0; count -= 1) body[one(REGISTRATION)] = value();
  const text = JSON.stringify(one([body, body, body, value()]));
  return chance() < 0.1 ? text.slice(0, below(text.length + 1)) : text;
}

/** Parameters, some twice, some not encoded as they should be. */
function form(client) {
  const pairs = [];
  for (let count = below(8); count >= 0; count -= 1) {
    const encode = chance() < 0.8 ? encodeURIComponent : encodeURI;
    pairs.push(`${one(PARAMETERS)}=${encode(one(STRINGS).toWellFormed())}`);
  }
  if (chance() < 0.6) pairs.push(`client_id=${client.client_id}`);
  if (chance() < 0.6) pairs.push(`grant_type=${one(GRANT_TYPES)}`);
  return pairs.join('&');
}

function headers(type) {
  const chosen = { 'content-type': chance() < 0.7 ? type : one(OTHER_TYPES) };
  if (chance() < 0.3) {
    const credentials = Buffer.from(one(STRINGS) + one([':', '']) + one(STRINGS)).toString('base64');
    chosen.authorization = `${one(['Basic', 'basic', 'Bearer', ''])} ${one([credentials, '%%%', ''])}`;
  }
  return chosen;
}

async function assertKnown(response, successes, errors) {
  if (successes.includes(response.status)) return;
  assert.ok([400, 401, 413, 415].includes(response.status), `status ${response.status}`);
  assert.match(response.headers.get('content-type') ?? 'none', /^application\/json/);
  assert.match(response.headers.get('cache-control') ?? 'none', /no-store/);
  const body = await response.json();
  assert.ok(errors.includes(body.error), JSON.stringify(body));
  // RFC 6749 section 5.2: the characters that a description may have.
  assert.match(body.error_description ?? '', /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
  if (response.status === 401) assert.equal(body.error, 'invalid_client');
}

async function assertStays(response, issuer) {
  assert.ok([200, 302, 303, 400, 414].includes(response.status), `status ${response.status}`);
  const location = response.headers.get('location');
  if (location) assert.ok(location.startsWith(`${REDIRECT_URI}?`) || location.startsWith(`${issuer}/`), location);
}

const { metadata } = await discover(setting('MCP_URL'));
const client = await register(metadata.registration_endpoint, {
  client_name: 'Negative', redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'none',
});

let failed = 0;

/** Runs the cases of one endpoint; each is what was sent, and the answer to it. */
async function run(name, make, judge) {
  for (let count = 0; count < cases; count += 1) {
    const sent = make();
    const response = await sent.answer();
    await judge(response).catch((error) => {
      failed += 1;
      console.log(`${name}: ${error.message}\n  ${sent.text.slice(0, 300)}`);
    });
  }
}

const posted = (url, type, makeBody) => () => {
  const text = makeBody();
  return { text, answer: () => fetch(url, { method: 'POST', headers: headers(type), body: text }) };
};
const aForm = () => form(client);
const anAuthorizationRequest = () => {
  const redirect = chance() < 0.7 ? `&redirect_uri=${encodeURIComponent(REDIRECT_URI)}` : '';
  const text = form(client) + redirect;
  return { text, answer: () => fetch(`${metadata.authorization_endpoint}?${text}`, { redirect: 'manual' }) };
};

await run('register', posted(metadata.registration_endpoint, 'application/json', metadataBody),
  (response) => assertKnown(response, [201], REGISTRATION_ERRORS));
await run('token', posted(metadata.token_endpoint, FORM, aForm), (response) => assertKnown(response, [], TOKEN_ERRORS));
await run('revoke', posted(metadata.revocation_endpoint, FORM, aForm),
  (response) => assertKnown(response, [200], TOKEN_ERRORS));
await run('authorize', anAuthorizationRequest, (response) => assertStays(response, metadata.issuer));

console.log(`seed ${seed}: ${4 * cases - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
