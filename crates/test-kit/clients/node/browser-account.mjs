// A person before the page that shows what has access, and ends it.
import assert from 'node:assert/strict';
import { tabTo } from './browser-checks.mjs';
import { approveDevice } from './browser-device.mjs';
import { button, heading, passphrase, passphraseField, signIn } from './browser-person.mjs';

/** Signs in to the page. */
async function open(page, client) {
  await page.goto(`${client.issuer}/account`);
  await page.getByRole('button', { name: 'Sign in with' }).click();
  await signIn(page);
  await page.getByText('Signed in as').waitFor();
}

const apps = (page) => page.getByRole('heading', { level: 2 });
const finalButton = (page) => page.locator('#end-all-form').getByRole('button');
const ended = (page) => page.getByRole('status');

export async function endOne(page, client) {
  await approveDevice(page, client);
  await open(page, client);
  const end = button(page, 'End the access of Northlight Terminal to fetch');
  const before = await end.count();
  assert.ok(before > 0, 'the app is not shown');
  await end.first().click();
  await ended(page).getByText('Ended.').waitFor();
  assert.equal(await end.count(), before - 1);
}

export async function endAll(page, client) {
  await approveDevice(page, client);
  await open(page, client);
  await page.locator('summary').click();
  await finalButton(page).click();
  await ended(page).waitFor();
  await page.getByText('No app has access now.').waitFor();
  assert.equal(await apps(page).count(), 0);
}

export async function accountByKeyboard(page, client) {
  await approveDevice(page, client);
  await page.goto(`${client.issuer}/account`);
  await heading(page).waitFor();
  await tabTo(page, page.getByRole('button', { name: 'Sign in with' }));
  await page.keyboard.press('Enter');
  if (passphrase) {
    await passphraseField(page).waitFor();
    await page.keyboard.type(passphrase);
    await page.keyboard.press('Enter');
  }
  await page.getByText('Signed in as').waitFor();
  await tabTo(page, button(page, 'Sign out'));
  await tabTo(page, button(page, 'End the access of Northlight Terminal to fetch').first());
  await tabTo(page, page.locator('summary'));
  await page.keyboard.press('Enter');
  await tabTo(page, finalButton(page));
  await page.keyboard.press('Enter');
  await page.getByText('No app has access now.').waitFor();
}

export async function signOut(page, client) {
  await open(page, client);
  await button(page, 'Sign out').click();
  await page.getByRole('button', { name: 'Sign in with' }).waitFor();
  await page.goto(`${client.issuer}/account`);
  await page.getByRole('button', { name: 'Sign in with' }).waitFor();
}

/** The page as it looks: before the sign-in, with apps, opened to end all, after an end, empty. */
export async function look(page, client, examine) {
  await page.goto(`${client.issuer}/account`);
  await examine('account-sign-in');
  await page.getByRole('button', { name: 'Sign in with' }).click();
  await passphraseField(page).waitFor();
  await examine('account-passphrase');
  await approveDevice(page, client);
  await approveDevice(page, client);
  await open(page, client);
  await examine('account');
  await page.locator('summary').click();
  await examine('account-end-all');
  await page.getByRole('button', { name: 'End the access of' }).first().click();
  await ended(page).waitFor();
  await examine('account-ended');
  await page.locator('summary').click();
  await finalButton(page).click();
  await page.getByText('No app has access now.').waitFor();
  await examine('account-empty');
}
