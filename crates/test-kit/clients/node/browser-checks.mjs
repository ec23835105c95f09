// What is asked of every page: no complaint from Chromium, reachable by Tab with a visible focus,
// readable by a screen reader (axe-core), and fitting its screen.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const axe = await readFile(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** Collects what Chromium complains about: console errors (CSP violations among them), scripts
 * that throw, requests that fail. */
export function watch(page) {
  const complaints = [];
  const expected = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  return {
    expect: (pattern) => expected.push(pattern),
    /** The document at this path may have this status; nothing that it loads may. */
    expectStatus(status, path) {
      expected.push(new RegExp(`^Failed to load resource: .* ${status} `));
      expected.push(new RegExp(`^${status} \\S+${path}(\\?|$)`));
    },
    unexpected: () => complaints.filter((text) => !expected.some((pattern) => pattern.test(text))),
  };
}

/** Presses Tab until the element has the focus, and checks that the focus can be seen. */
export async function tabTo(page, locator) {
  for (let presses = 0; presses < 30; presses += 1) {
    await page.keyboard.press('Tab');
    if (await hasFocus(locator)) return assertFocusShows(locator);
  }
  throw new Error(`Tab never reaches ${locator}`);
}

const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement);

/** The element has the focus, and whoever looks can see that. */
export async function assertFocusShows(locator) {
  assert.ok(await hasFocus(locator), `${locator} has not the focus`);
  const ring = await locator.evaluate((element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
  });
  assert.ok(ring, `no visible focus on ${locator}`);
}

/** Runs axe-core's rules for WCAG 2.2 AA and its best practices. */
export async function assertAccessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html)}`);
  assert.deepEqual(found, [], `accessibility of ${what}`);
}

/** Nothing sticks out sideways, and on a phone every target is large enough for a thumb. */
export async function assertFits(page, what, isPhone) {
  const { wide, inside } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    inside: window.innerWidth,
  }));
  assert.ok(wide <= inside, `${what} is ${wide} wide in a window of ${inside}`);
  if (!isPhone) return;
  for (const button of await page.getByRole('button').all()) {
    const { height } = await button.boundingBox();
    assert.ok(height >= 44, `a button of ${what} is ${height} high`);
  }
}
