// A real browser (Chromium) before the gateway's pages: approve and refuse by mouse, by keyboard
// alone and without scripts; wrong passphrase; error pages; framing; looks. In local mode (with
// PASSPHRASE) and in GitHub mode (without). Screenshots go to ARTEFACTS.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { assertAccessible, assertFits, tabTo, watch } from './browser-checks.mjs';
import { startClient } from './browser-client.mjs';
import { setting, step } from './common.mjs';

const passphrase = process.env.PASSPHRASE;
const mode = passphrase ? 'local' : 'github';
const artefacts = join(process.env.ARTEFACTS ?? 'artefacts', 'browser');

const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const SMALL_PHONE = { ...PHONE, viewport: { width: 320, height: 568 } };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'], // Chromium refuses its sandbox to root, which CI is.
});
const client = await startClient(setting('MCP_URL'));

/** Runs a scenario in a fresh profile; fails on any complaint that Chromium makes meanwhile. */
async function inBrowser(what, scenario, options = DESKTOP) {
  // TLS itself is checked by every other client here; Chromium keeps a trust store of its own.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints = watch(page);
  try {
    await scenario(page, complaints);
    assert.deepEqual(complaints.unexpected(), [], `Chromium complained: ${what}`);
    step(what);
  } finally {
    await context.close();
  }
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const passphraseField = (page) => page.getByLabel('Passphrase', { exact: true });

async function signIn(page, text = passphrase) {
  if (!passphrase) return;
  await passphraseField(page).fill(text);
  await button(page, 'Sign in').click();
}

/** Waits until the browser is back at the client; checks and returns what it brought. */
async function backAtClient(page, request) {
  await page.waitForURL((url) => url.href.startsWith(client.redirectUri));
  const { searchParams } = new URL(page.url());
  assert.equal(searchParams.get('state'), request.state);
  assert.equal(searchParams.get('iss'), client.issuer);
  return searchParams;
}

async function approve(page) {
  const request = client.request();
  await page.goto(request.url);
  await button(page, 'Approve').click();
  await signIn(page);
  assert.ok((await backAtClient(page, request)).get('code'), 'no code');
}

async function refuse(page) {
  const request = client.request();
  await page.goto(request.url);
  await button(page, 'Refuse').click();
  const answer = await backAtClient(page, request);
  assert.equal(answer.get('error'), 'access_denied');
  assert.equal(answer.get('code'), null);
}

async function byKeyboard(page) {
  const request = client.request();
  await page.goto(request.url);
  await tabTo(page, button(page, 'Refuse'));
  await tabTo(page, button(page, 'Approve'));
  await page.keyboard.press('Enter');
  if (passphrase) {
    await passphraseField(page).waitFor();
    await page.keyboard.type(passphrase);
    await page.keyboard.press('Enter');
  }
  assert.ok((await backAtClient(page, request)).get('code'), 'no code');
}

async function wrongPassphrase(page) {
  const request = client.request();
  await page.goto(request.url);
  await button(page, 'Approve').click();
  await signIn(page, 'not the passphrase');
  await page.getByRole('alert').waitFor();
  await shot(page, 'wrong-passphrase', 'desktop-light');
  await signIn(page);
  assert.ok((await backAtClient(page, request)).get('code'), 'no code');
}

async function codeToCopy(page) {
  await page.goto(client.request({ redirect_uri: client.outOfBandUri }).url);
  await button(page, 'Approve').click();
  await signIn(page);
  await page.waitForURL((url) => url.href.startsWith(client.outOfBandUri));
  assert.notEqual(await page.getByLabel('Your code').inputValue(), '');
}

/** A request that must not redirect: the person sees a page of ours, and the client nothing. */
async function errorPage(page, complaints, change) {
  const before = client.arrivals();
  const answer = await page.goto(client.request(change).url);
  assert.equal(answer.status(), 400);
  complaints.expectStatus(400);
  assert.equal(new URL(page.url()).origin, new URL(client.issuer).origin);
  await page.getByRole('heading', { level: 1 }).waitFor();
  assert.equal(client.arrivals(), before, 'the client was told');
}

const unknownClient = (page, complaints) => errorPage(page, complaints, { client_id: 'nobody' });
const strangeRedirect = (page, complaints) =>
  errorPage(page, complaints, { redirect_uri: `${client.redirectUri}/elsewhere` });

async function framed(page, complaints) {
  const refusal = /frame-ancestors|X-Frame-Options/i;
  complaints.expect(refusal);
  const refused = page.waitForEvent('console', (message) => refusal.test(message.text()));
  await page.goto(client.frameUrl(client.request().url));
  await refused;
  for (const frame of page.frames()) assert.equal(await frame.locator('form').count(), 0);
}

async function shot(page, name, look) {
  await page.screenshot({ path: join(artefacts, `${mode}-${name}-${look}.png`), fullPage: true });
}

/** Looks at every page in one size and theme: picture, accessibility, fit. */
async function looks(page, complaints, look, isPhone) {
  const examine = async (name) => {
    await shot(page, name, look);
    await assertAccessible(page, `${name} ${look}`);
    await assertFits(page, `${name} ${look}`, isPhone);
  };
  await page.goto(client.request().url);
  await examine('consent');
  if (passphrase) {
    await button(page, 'Approve').click();
    await passphraseField(page).waitFor();
    await examine('sign-in');
  }
  await codeToCopy(page);
  await examine('success');
  await unknownClient(page, complaints);
  await examine('error');
}

await mkdir(artefacts, { recursive: true });
try {
  await inBrowser('approve by mouse', approve);
  await inBrowser('refuse by mouse', refuse);
  await inBrowser('approve by keyboard alone', byKeyboard);
  await inBrowser('approve without scripts', approve, { ...DESKTOP, javaScriptEnabled: false });
  await inBrowser('refuse without scripts', refuse, { ...DESKTOP, javaScriptEnabled: false });
  if (passphrase) await inBrowser('a wrong passphrase, then the right one', wrongPassphrase);
  await inBrowser('a code to copy', codeToCopy);
  await inBrowser('an unknown client gets a page, no redirect', unknownClient);
  await inBrowser('an unregistered redirect URI gets a page, no redirect', strangeRedirect);
  await inBrowser('the consent page cannot be framed', framed);
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, device] of Object.entries({ desktop: DESKTOP, phone: PHONE, 'small-phone': SMALL_PHONE })) {
      const look = `${size}-${colorScheme}`;
      const examine = (page, complaints) => looks(page, complaints, look, device !== DESKTOP);
      await inBrowser(`every page, ${look}`, examine, { ...device, colorScheme });
    }
  }
} finally {
  await browser.close();
  client.close();
}
