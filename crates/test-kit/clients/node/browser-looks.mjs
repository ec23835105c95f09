// Every page in one size and theme: a picture of it, its accessibility, and whether it fits.
import { join } from 'node:path';
import { look as lookAtAccount } from './browser-account.mjs';
import { assertAccessible, assertFits } from './browser-checks.mjs';
import { notAdmitted, strangeRedirect, unknownClient } from './browser-consent.mjs';
import { codeField, toConsent, typeCode } from './browser-device.mjs';
import { button, heading, passphrase, passphraseField, signIn } from './browser-person.mjs';
import { hasDocumentHost } from './documents.mjs';

const mode = passphrase ? 'local' : 'github';

const LONG_NAME = 'Grundstücksverkehrsgenehmigungszuständigkeitsübertragungsverordnungs-Assistent für Nordlicht GmbH';
/** Clients that are hard to show: each is asked about on the consent page. */
const STRANGERS = {
  web: { client_name: 'Claude', redirect_uris: ['https://claude.ai/api/mcp/auth_callback'] },
  both: { client_name: 'ChatGPT', redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'] },
  app: { client_name: 'Cursor', redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'] },
  long: {
    client_name: LONG_NAME,
    redirect_uris: [`https://${'a-very-long-label-of-a-host.'.repeat(6)}northlight.example:8443/${'path/'.repeat(20)}`],
  },
  unbroken: { client_name: 'W'.repeat(100), redirect_uris: [`${'a'.repeat(60)}://callback`] },
};

/** Opens each page and hands it to `examine` with its name. */
async function visit(page, client, complaints, examine) {
  await page.goto(client.issuer);
  await examine('start');
  await page.goto(client.request().url);
  await examine('consent');
  if (hasDocumentHost) {
    await page.goto(await client.described());
    await examine('consent-document');
  }
  // The other pages are the same, however one signs in.
  if (passphrase) await visitTheRest(page, client, complaints, examine);
  else await notAdmitted(page, client, complaints, () => examine('error-not-admitted'));
}

async function visitTheRest(page, client, complaints, examine) {
  for (const [name, metadata] of Object.entries(STRANGERS)) {
    await page.goto(await client.stranger(metadata, name === 'both' ? 'mcp offline_access' : undefined));
    await examine(`consent-${name}`);
  }
  await page.goto(client.request({ redirect_uri: client.outOfBandUri }).url);
  await examine('consent-code');
  await button(page, 'Approve').click();
  await passphraseField(page).waitFor();
  await examine('sign-in');
  await signIn(page, 'not the passphrase');
  await page.getByRole('alert').waitFor();
  await examine('wrong-passphrase');
  // The right one forgives the wrong one, of which there may be five.
  await signIn(page);
  await page.waitForURL((url) => url.href.startsWith(client.outOfBandUri));
  await examine('success');
  await page.context().clearCookies();
  await page.goto(client.outOfBandUri);
  await examine('success-empty');
  await lookAtAccount(page, client, examine);
  await devicePages(page, client, examine);
  await errorPages(page, client, complaints, examine);
}

async function devicePages(page, client, examine) {
  const device = await client.device();
  await page.goto(device.addressWithCode);
  await examine('device-code-in-address');
  await page.goto(device.address);
  await codeField(page).waitFor();
  await examine('device');
  await typeCode(page, 'BCDF-GHJK');
  await page.getByRole('alert').waitFor();
  await examine('device-wrong-code');
  await toConsent(page, client);
  await examine('device-consent');
  await button(page, 'Approve').click();
  await signIn(page);
  await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
  await examine('device-connected');
  await page.goto(`${client.issuer}/device/refused`);
  await examine('device-refused');
}

async function errorPages(page, client, complaints, examine) {
  await unknownClient(page, client, complaints);
  await examine('error-unknown-client');
  await strangeRedirect(page, client, complaints);
  await examine('error-redirect');
  for (const [path, status, name] of [['/error', 400, 'expired'], ['/nothing-here', 404, 'not-found']]) {
    complaints.expectStatus(status, path);
    await page.goto(`${client.issuer}${path}`);
    await heading(page).waitFor();
    await examine(`error-${name}`);
  }
}

/** Looks at every page; pictures go to `folder`. */
export async function looks(page, client, complaints, { look, isPhone, folder }) {
  await visit(page, client, complaints, async (name) => {
    const what = `${name} ${look}`;
    await page.screenshot({ path: join(folder, `${mode}-${name}-${look}.png`), fullPage: true });
    await assertAccessible(page, what);
    await assertFits(page, what, isPhone);
  });
}
