// A person before the page where the code of a device is typed (RFC 8628 section 3.3).
import assert from 'node:assert/strict';
import { assertFocusShows, tabTo } from './browser-checks.mjs';
import { button, heading, passphrase, passphraseField, signIn } from './browser-person.mjs';

export const codeField = (page) => page.getByLabel('Code', { exact: true });

/** Types the code as people do: small, and without the hyphen. */
export async function typeCode(page, userCode) {
  await codeField(page).fill(userCode.toLowerCase().replace('-', ''));
  await button(page, 'Continue').click();
}

/** A device that waits, and its person before the consent page. */
export async function toConsent(page, client) {
  const device = await client.device();
  await page.goto(device.address);
  await typeCode(page, device.userCode);
  await button(page, 'Approve').waitFor();
  return device;
}

async function assertConnected(page, device) {
  await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
  const tokens = await device.poll();
  assert.ok(tokens.access_token && tokens.refresh_token, JSON.stringify(tokens));
}

export async function approveDevice(page, client) {
  const device = await toConsent(page, client);
  await page.getByText('Northlight Terminal').waitFor();
  await button(page, 'Approve').click();
  await signIn(page);
  await assertConnected(page, device);
}

export async function refuseDevice(page, client) {
  const device = await toConsent(page, client);
  await button(page, 'Refuse').click();
  await page.getByRole('heading', { name: 'You refused the device' }).waitFor();
  assert.equal((await device.poll()).error, 'access_denied');
}

export async function wrongCode(page, client) {
  const device = await client.device();
  await page.goto(device.address);
  await typeCode(page, 'BCDF-GHJK');
  await page.getByRole('alert').waitFor();
  // What was typed is still there to be compared, and the field is told to be at fault.
  assert.equal(await codeField(page).inputValue(), 'BCDF-GHJK');
  assert.equal(await codeField(page).getAttribute('aria-invalid'), 'true');
  assert.equal((await device.poll()).error, 'authorization_pending');
  await typeCode(page, device.userCode);
  await button(page, 'Approve').waitFor();
}

/** A code that came with the address is shown to be compared, and used only when the person says
 * so (RFC 8628 section 3.3.1). */
export async function codeInTheAddress(page, client) {
  const device = await client.device();
  await page.goto(device.addressWithCode);
  assert.equal(await codeField(page).inputValue(), device.userCode);
  await page.getByText('Is this the code').waitFor();
  await button(page, 'Continue').click();
  await button(page, 'Approve').click();
  await signIn(page);
  await assertConnected(page, device);
}

export async function deviceByKeyboard(page, client) {
  const device = await client.device();
  await page.goto(device.address);
  await heading(page).waitFor();
  // The field has the focus already, and it shows.
  await assertFocusShows(codeField(page));
  await page.keyboard.type(device.userCode);
  await tabTo(page, button(page, 'Continue'));
  await page.keyboard.press('Enter');
  await button(page, 'Approve').waitFor();
  await tabTo(page, button(page, 'Refuse'));
  await tabTo(page, button(page, 'Approve'));
  await page.keyboard.press('Enter');
  if (passphrase) {
    await passphraseField(page).waitFor();
    await page.keyboard.type(passphrase);
    await page.keyboard.press('Enter');
  }
  await assertConnected(page, device);
}
