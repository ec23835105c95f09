#!/usr/bin/env node
// Runs every client against one gateway and prints a summary; exits 1 when one failed.
//
//   MCP_URL=… PAGE_URL=… [PASSPHRASE=…] node run-all.mjs [CLIENT…]
//
// README.md beside this file tells the settings.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SENTENCE } from './node/page-server.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const python = process.env.CLIENTS_PYTHON ?? here('python/.venv/bin/python');
const rmcpClient = process.env.RMCP_CLIENT ?? here('../../../target/debug/rmcp-client');
/** After this a client hangs; a busy machine only makes it slow. */
const LIMIT_MS = 600_000;

const CLIENTS = {
  'sdk-v1': [process.execPath, here('node/sdk-v1.mjs')],
  'sdk-v2': [process.execPath, here('node/sdk-v2.mjs')],
  'mcp-remote': [process.execPath, here('node/mcp-remote.mjs')],
  'openid-client': [process.execPath, here('node/openid-client.mjs')],
  oauth4webapi: [process.execPath, here('node/oauth4webapi.mjs')],
  'python-sdk': [python, '-u', here('python/python_sdk.py')],
  fastmcp: [python, '-u', here('python/fastmcp_client.py')],
  authlib: [python, '-u', here('python/authlib_client.py')],
  'rmcp-client': [rmcpClient],
  browser: [process.execPath, here('node/browser.mjs')],
  dialects: [process.execPath, here('node/dialects.mjs')],
  negative: [process.execPath, here('node/negative.mjs')],
  conformance: [process.execPath, here('../conformance/run.mjs')],
};

/** The same programs as clients that never register: each describes itself by a document. They
 * need a host for it (DOCUMENT_HOST) that the gateway can reach. */
const DESCRIBED = {
  'sdk-v2-document': 'sdk-v2',
  'mcp-remote-document': 'mcp-remote',
  'python-sdk-document': 'python-sdk',
};

function run(name, settings) {
  const [program, ...args] = CLIENTS[DESCRIBED[name] ?? name];
  const env = { ...process.env, ...settings, PAGE_SENTENCE: SENTENCE, BROWSER_STEPS: here('node/browser-steps.mjs') };
  if (name in DESCRIBED) env.CLIENT_DOCUMENT = `https://documents.test/${name}/client.json`;
  const started = Date.now();
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => console.log(`${name.padEnd(19)} ${line}`));
  }
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  return new Promise((resolve) => {
    const done = (outcome) => {
      clearTimeout(limit);
      resolve({ name, ok: outcome === 0, outcome, seconds: (Date.now() - started) / 1000 });
    };
    child.once('error', (error) => done(error.message));
    child.once('close', (code, signal) => done(signal ?? code));
  });
}

/** Runs the clients named, or all, one after the other; resolves with how many passed and failed. */
export async function runAll(names, settings) {
  const all = [...Object.keys(CLIENTS), ...Object.keys(DESCRIBED)];
  const unknown = names.find((name) => !all.includes(name));
  if (unknown) throw new Error(`no client is called ${unknown}: ${all.join(', ')}`);
  const possible = process.env.DOCUMENT_HOST ? all : Object.keys(CLIENTS);
  const results = [];
  for (const name of names.length ? names : possible) results.push(await run(name, settings));
  console.log(`\n${settings.MCP_URL}`);
  for (const { name, ok, outcome, seconds } of results) {
    const why = ok ? '' : `  (${outcome})`;
    console.log(`  ${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(19)} ${seconds.toFixed(1).padStart(6)} s${why}`);
  }
  const passed = results.filter(({ ok }) => ok).length;
  return { passed, failed: results.length - passed };
}

/** The closing line; the process fails when a client did. */
export function close({ passed, failed }) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  close(await runAll(process.argv.slice(2), { MCP_URL: process.env.MCP_URL }));
}
