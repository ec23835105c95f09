// Where clients describe themselves (document-host.mjs), as those see it who do.
import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';

/** Whether there is such a host here (DOCUMENT_HOST). */
export const hasDocumentHost = Boolean(process.env.DOCUMENT_HOST);

/** What a URL answers from now on. */
export async function serve(url, body) {
  const response = await fetch(process.env.DOCUMENT_HOST, { method: 'PUT', body: JSON.stringify({ url, body }) });
  assert.ok(response.ok, `the documents' host refused ${url}`);
}

/** How often a URL was asked for. */
export async function timesAsked(url) {
  const response = await fetch(`${process.env.DOCUMENT_HOST}/?${new URLSearchParams({ url })}`);
  return (await response.json()).length;
}

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A key pair whose public half is served at `jwksUri`; resolves with what signs the client's
 * assertions (RFC 7523 section 2.2) for an endpoint. */
export async function serveKey(jwksUri, clientId) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = randomUUID();
  await serve(jwksUri, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }] });
  return (audience) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: clientId, sub: clientId, aud: audience, jti: randomUUID(), iat: now, exp: now + 60 };
    const signed = `${base64url({ alg: 'RS256', kid, typ: 'JWT' })}.${base64url(claims)}`;
    return `${signed}.${createSign('sha256').update(signed).sign(privateKey, 'base64url')}`;
  };
}
