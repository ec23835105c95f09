// A person before the consent page, and where it leads.
import assert from 'node:assert/strict';
import { tabTo } from './browser-checks.mjs';
import { backAtClient, button, heading, passphrase, passphraseField, signIn } from './browser-person.mjs';

export async function approve(page, client) {
  const request = client.request();
  await page.goto(request.url);
  await button(page, 'Approve').click();
  await signIn(page);
  assert.ok((await backAtClient(page, client, request)).get('code'), 'no code');
}

export async function refuse(page, client) {
  const request = client.request();
  await page.goto(request.url);
  await button(page, 'Refuse').click();
  const answer = await backAtClient(page, client, request);
  assert.equal(answer.get('error'), 'access_denied');
  assert.equal(answer.get('code'), null);
}

export async function byKeyboard(page, client) {
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
  assert.ok((await backAtClient(page, client, request)).get('code'), 'no code');
}

export async function wrongPassphrase(page, client) {
  const request = client.request();
  await page.goto(request.url);
  await button(page, 'Approve').click();
  await signIn(page, 'not the passphrase');
  await page.getByRole('alert').waitFor();
  await signIn(page);
  assert.ok((await backAtClient(page, client, request)).get('code'), 'no code');
}

export async function codeToCopy(page, client) {
  await page.goto(client.request({ redirect_uri: client.outOfBandUri }).url);
  await button(page, 'Approve').click();
  await signIn(page);
  await page.waitForURL((url) => url.href.startsWith(client.outOfBandUri));
  assert.notEqual(await page.getByLabel('Your code').inputValue(), '');
}

/** A request that must not redirect: the person sees a page of ours, and the client nothing. */
async function errorPage(page, client, complaints, change) {
  const before = client.arrivals();
  complaints.expectStatus(400, '/authorize');
  const answer = await page.goto(client.request(change).url);
  assert.equal(answer.status(), 400);
  assert.equal(new URL(page.url()).origin, new URL(client.issuer).origin);
  await heading(page).waitFor();
  assert.equal(client.arrivals(), before, 'the client was told');
}

export const unknownClient = (page, client, complaints) =>
  errorPage(page, client, complaints, { client_id: 'nobody' });
export const strangeRedirect = (page, client, complaints) =>
  errorPage(page, client, complaints, { redirect_uri: `${client.redirectUri}/elsewhere` });

/** GitHub's stand-in: who is signed in there. */
async function signedInAtGitHub(login, id) {
  const body = JSON.stringify({ login, id });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${process.env.GITHUB_BASE_URL}/_control`, { method: 'POST', headers, body });
  assert.equal(answer.status, 204);
}

/** Somebody who is not on the list: a page that says so, with a way back that carries the refusal.
 * `look` is called while the page is there. */
export async function notAdmitted(page, client, complaints, look = async () => {}) {
  const request = client.request();
  complaints.expectStatus(403, '/callback');
  await signedInAtGitHub('mallory-with-a-login-as-long-as-github-allows', 666);
  try {
    await page.goto(request.url);
    await button(page, 'Approve').click();
    await page.getByRole('heading', { name: 'not admitted' }).waitFor();
    await look();
  } finally {
    await signedInAtGitHub(...process.env.GITHUB_USER.split(':').map((part, at) => (at ? Number(part) : part)));
  }
  await page.getByRole('link', { name: 'Return to' }).click();
  assert.equal((await backAtClient(page, client, request)).get('error'), 'access_denied');
}

export async function framed(page, client, complaints) {
  const refusal = /frame-ancestors|X-Frame-Options/i;
  complaints.expect(refusal);
  const refused = page.waitForEvent('console', (message) => refusal.test(message.text()));
  await page.goto(client.frameUrl(client.request().url));
  await refused;
  for (const frame of page.frames()) assert.equal(await frame.locator('form').count(), 0);
}
