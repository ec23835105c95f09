// What a person does before any of the pages.
import assert from 'node:assert/strict';

/** Typed on the sign-in page; unset, the sign-in is GitHub's. */
export const passphrase = process.env.PASSPHRASE;

export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const passphraseField = (page) => page.getByLabel('Passphrase', { exact: true });

export async function signIn(page, text = passphrase) {
  if (!passphrase) return;
  await passphraseField(page).fill(text);
  await button(page, 'Sign in').click();
}

/** Waits until the browser is back at the client; checks and returns what it brought. */
export async function backAtClient(page, client, request) {
  await page.waitForURL((url) => url.href.startsWith(client.redirectUri));
  const { searchParams } = new URL(page.url());
  assert.equal(searchParams.get('state'), request.state);
  assert.equal(searchParams.get('iss'), client.issuer);
  return searchParams;
}

/** The heading of the page that was just opened. */
export const heading = (page) => page.getByRole('heading', { level: 1 });
