// The person's part without a screen: follows redirects with a cookie jar, approves (or refuses)
// on the consent page, types the passphrase where one is asked for, and stops at the redirect to
// the client.
//
//   node browser-steps.mjs AUTHORIZATION_URL REDIRECT_URI [approve|refuse]
//
// prints the URL that the browser would have gone to. PASSPHRASE is typed on the sign-in page.
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { patientFetch } from './patient-fetch.mjs';

/** Cookies as a browser keeps them: per host, prefixes and Secure enforced. */
class CookieJar {
  #hosts = new Map();

  keep(url, lines) {
    const cookies = this.#hosts.get(url.host) ?? new Map();
    this.#hosts.set(url.host, cookies);
    for (const line of lines) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const has = (attribute) => attributes.some((one) => one.toLowerCase() === attribute);
      const name = pair.slice(0, pair.indexOf('='));
      assert.ok(!has('secure') || url.protocol === 'https:', `refused over http: ${name}`);
      if (name.startsWith('__Host-')) {
        assert.ok(has('secure') && has('path=/'), `refused for its prefix: ${name}`);
      }
      if (has('max-age=0')) cookies.delete(name);
      else cookies.set(name, pair.slice(pair.indexOf('=') + 1));
    }
  }

  header(url) {
    return [...(this.#hosts.get(url.host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#x27;': "'" };
const unescape = (text) => text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (entity) => ENTITIES[entity]);

function attribute(tag, name) {
  const match = tag.match(new RegExp(`\\s${name}="([^"]*)"`));
  return match && unescape(match[1]);
}

/** The form with this id: its action and hidden fields; undefined when the page has none. */
function form(page, id) {
  const match = page.body.match(new RegExp(`<form[^>]*\\sid="${id}"[^>]*>([\\s\\S]*?)</form>`));
  if (!match) return undefined;
  const hidden = [...match[1].matchAll(/<input[^>]*>/g)]
    .map(([tag]) => tag)
    .filter((tag) => attribute(tag, 'type') === 'hidden');
  return {
    action: new URL(attribute(match[0].slice(0, match[0].indexOf('>') + 1), 'action'), page.url),
    fields: hidden.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value') ?? '']),
  };
}

async function open(jar, url, fields) {
  const headers = { accept: 'text/html', cookie: jar.header(url) };
  const init = { headers, redirect: 'manual' };
  if (fields) {
    headers.origin = url.origin;
    init.method = 'POST';
    init.body = new URLSearchParams(fields);
  }
  const response = await patientFetch(url, init);
  jar.keep(url, response.headers.getSetCookie());
  const location = response.headers.get('location');
  return {
    url,
    status: response.status,
    location: location && new URL(location, url),
    body: await response.text(),
  };
}

/** Walks from the authorization URL to the redirect to the client; resolves with its URL. */
export async function browserSteps(authorizationUrl, redirectUri, decision = 'approve') {
  const jar = new CookieJar();
  const client = new URL(redirectUri);
  let page = await open(jar, new URL(authorizationUrl));
  for (let steps = 0; steps < 20; steps += 1) {
    const next = page.location;
    if (next?.origin === client.origin && next.pathname === client.pathname) return next;
    const consent = form(page, 'consent');
    const signIn = form(page, 'sign-in');
    if (next) page = await open(jar, next);
    else if (consent) page = await open(jar, consent.action, [...consent.fields, ['decision', decision]]);
    else if (signIn) {
      assert.ok(process.env.PASSPHRASE, 'a sign-in page, and no PASSPHRASE to type');
      page = await open(jar, signIn.action, [...signIn.fields, ['passphrase', process.env.PASSPHRASE]]);
    } else throw new Error(`stuck at ${page.url} (${page.status}):\n${page.body.slice(0, 3000)}`);
  }
  throw new Error(`no end at ${page.url}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [authorizationUrl, redirectUri, decision] = process.argv.slice(2);
  console.log((await browserSteps(authorizationUrl, redirectUri, decision)).href);
}
