#!/usr/bin/env node
// The web host on which clients are described (draft-ietf-oauth-client-id-metadata-document), under
// the names of several companies: over HTTPS it answers what it was told to, over plain HTTP it is
// told.
//
//   PUT /            {url, status, headers, body, manner}: what the URL answers from now on;
//                    manner: `silent` never answers, `endless` never ends
//   GET /?url=URL    how the URL was asked so far: a list of request headers
//   PUT /down, /up   nobody listens any more, until somebody does again
//
// DOCUMENT_LISTEN is its address, DOCUMENT_CERTIFICATES a directory with web.pem and web-key.pem,
// and stranger.pem and stranger-key.pem for STRANGER, which nobody has a reason to trust.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createControl } from 'node:http';
import { createSecureServer } from 'node:http2';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { createSecureContext } from 'node:tls';

const STRANGER = 'stranger.test';

const address = process.env.DOCUMENT_LISTEN;
const file = (name) => readFileSync(join(process.env.DOCUMENT_CERTIFICATES, name));
const pair = (name) => ({ cert: file(`${name}.pem`), key: file(`${name}-key.pem`) });
const stranger = createSecureContext(pair('stranger'));

const answers = new Map();
const asked = new Map();
const sockets = new Set();

function endlessly(response) {
  const more = () => {
    while (!response.destroyed && response.write(' '.repeat(16384)));
  };
  response.on('drain', more);
  more();
}

const web = createSecureServer({
  ...pair('web'),
  allowHTTP1: true,
  SNICallback: (name, done) => done(null, name === STRANGER ? stranger : undefined),
}, (request, response) => {
  const url = `https://${request.authority ?? request.headers.host}${request.url}`;
  asked.set(url, [...(asked.get(url) ?? []), request.headers]);
  const { status = 200, headers = {}, body, manner } = answers.get(url) ?? { status: 404, body: {} };
  if (manner === 'silent') return;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  if (manner === 'endless') endlessly(response);
  else response.end(typeof body === 'string' ? body : JSON.stringify(body));
});
web.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});
// Whoever does not trust it hangs up in the middle of the handshake; that is what he is for.
web.on('sessionError', () => {});

async function down() {
  const closed = once(web, 'close');
  web.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}

async function up() {
  web.listen(443, address);
  await once(web, 'listening');
}

const control = createControl(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://control.invalid');
  const url = searchParams.get('url');
  if (url) return response.end(JSON.stringify(asked.get(url) ?? []));
  if (pathname === '/down') await down();
  else if (pathname === '/up') await up();
  else {
    const answer = await json(request);
    answers.set(answer.url, answer);
  }
  return response.end();
});

await up();
control.listen(80, address);
