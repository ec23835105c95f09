import assert from 'node:assert/strict';

/** `fetch`, for tests that ask faster than any person: where the edge limits the rate, its 429
 * says how long to wait (RFC 6585 section 4), and this waits. */
export async function patientFetch(url, init) {
  const response = await fetch(url, init);
  if (response.status !== 429) return response;
  const seconds = response.headers.get('retry-after');
  assert.match(seconds ?? 'none', /^\d+$/, `429 without Retry-After at ${url}`);
  await new Promise((resolve) => setTimeout(resolve, Math.max(Number(seconds) * 1000, 100)));
  return patientFetch(url, init);
}
