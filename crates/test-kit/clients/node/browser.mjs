// A real browser (Chromium) before the gateway's pages: approve and refuse by mouse, by keyboard
// alone and without scripts; a device's code; the account page; wrong passphrase; error pages; framing; looks. In
// local mode (with PASSPHRASE) and in GitHub mode (without). Screenshots go to ARTEFACTS.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { accountByKeyboard, endAll, endOne, signOut } from './browser-account.mjs';
import { watch } from './browser-checks.mjs';
import { startClient } from './browser-client.mjs';
import {
  approve, byKeyboard, codeToCopy, framed, notAdmitted, refuse, strangeRedirect, unknownClient, wrongPassphrase,
} from './browser-consent.mjs';
import { approveDevice, codeInTheAddress, deviceByKeyboard, refuseDevice, wrongCode } from './browser-device.mjs';
import { looks } from './browser-looks.mjs';
import { passphrase } from './browser-person.mjs';
import { setting, step } from './common.mjs';

const folder = join(process.env.ARTEFACTS ?? 'artefacts', 'browser');

const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const SMALL_PHONE = { ...PHONE, viewport: { width: 320, height: 568 } };
const LOOKS = [
  ['desktop', DESKTOP, 'light', 'dark'], ['phone', PHONE, 'light', 'dark'], ['small-phone', SMALL_PHONE, 'light'],
];
const WITHOUT_SCRIPTS = { ...DESKTOP, javaScriptEnabled: false };

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
    await scenario(page, client, complaints);
    assert.deepEqual(complaints.unexpected(), [], `Chromium complained: ${what}`);
    step(what);
  } finally {
    await context.close();
  }
}

await mkdir(folder, { recursive: true });
try {
  await inBrowser('approve by mouse', approve);
  await inBrowser('refuse by mouse', refuse);
  await inBrowser('approve by keyboard alone', byKeyboard);
  await inBrowser('approve without scripts', approve, WITHOUT_SCRIPTS);
  await inBrowser('refuse without scripts', refuse, WITHOUT_SCRIPTS);
  if (passphrase) await inBrowser('a wrong passphrase, then the right one', wrongPassphrase);
  else await inBrowser('a person who is not admitted gets a page with a way back', notAdmitted);
  await inBrowser('a code to copy', codeToCopy);
  await inBrowser('a device is approved', approveDevice);
  await inBrowser('a device is refused', refuseDevice);
  await inBrowser('a device is approved by keyboard alone', deviceByKeyboard);
  await inBrowser('a device is approved without scripts', approveDevice, WITHOUT_SCRIPTS);
  await inBrowser('a wrong code of a device, then the right one', wrongCode);
  await inBrowser('a code in the address is shown and not used', codeInTheAddress);
  await inBrowser('a person ends what one app has', endOne);
  await inBrowser('a person ends what one app has, without scripts', endOne, WITHOUT_SCRIPTS);
  await inBrowser('a person ends all by keyboard alone', accountByKeyboard);
  await inBrowser('a person ends all without scripts', endAll, WITHOUT_SCRIPTS);
  await inBrowser('a person signs out of the account page', signOut);
  await inBrowser('an unknown client gets a page, no redirect', unknownClient);
  await inBrowser('an unregistered redirect URI gets a page, no redirect', strangeRedirect);
  await inBrowser('the consent page cannot be framed', framed);
  for (const [size, device, ...schemes] of LOOKS) {
    for (const colorScheme of schemes) {
      const look = `${size}-${colorScheme}`;
      const examine = (page, ...rest) => looks(page, ...rest, { look, isPhone: device !== DESKTOP, folder });
      await inBrowser(`every page, ${look}`, examine, { ...device, colorScheme });
    }
  }
} finally {
  await browser.close();
  client.close();
}
