#!/usr/bin/env node
// Replays how each client speaks (../../dialects/*.json) and checks what it is answered, by the
// lines of the list that the output names. The clients themselves are not run: most are programs
// that nobody can install here. Clients that are described by a document need DOCUMENT_HOST, and
// the gateway a way there; without it they are left out, and named.
//
//   [PASSPHRASE=…] [DOCUMENT_HOST=…] MCP_URL=… node dialects.mjs [DIALECT…]
import { readFile, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { setting } from './common.mjs';
import { Checks, Stop } from './dialect-checks.mjs';
import { Replay } from './dialect-flow.mjs';
import { hostChecks } from './dialect-host.mjs';
import { hasDocumentHost } from './documents.mjs';
import { discover } from './oauth.mjs';

const folder = new URL('../../dialects/', import.meta.url);
const ignoreStop = (error) => {
  if (!(error instanceof Stop)) throw error;
};

const names = process.argv.slice(2);
const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
const chosen = names.length ? names.map((name) => `${name}.json`) : files;

const mcpUrl = setting('MCP_URL');
const discovered = await discover(mcpUrl);
const checks = new Checks();
checks.begin('every client');
for (const [line, what, run] of hostChecks(mcpUrl, discovered)) {
  await checks.check(line, what, run).catch(ignoreStop);
}
for (const file of chosen) {
  const dialect = JSON.parse(await readFile(new URL(file, folder), 'utf8'));
  if (dialect.document && !hasDocumentHost) {
    console.log(`left out: ${file} (no DOCUMENT_HOST)`);
    continue;
  }
  checks.begin(basename(file, '.json'));
  await new Replay(checks, mcpUrl, discovered).run(dialect).catch(ignoreStop);
}
console.log(`${checks.passed} passed, ${checks.failed} failed`);
process.exitCode = checks.failed ? 1 : 0;
