#!/usr/bin/env node
// Starts the gateway as one process, first with the local passphrase and then with the stand-in
// for GitHub, and runs every client (or those named) against each.
//
//   node single-process.mjs [CLIENT…]
//
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { close, runAll } from './run-all.mjs';
import { startPageServer } from './node/page-server.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = here('../../../target/debug');
const random = () => randomBytes(20).toString('hex');

function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts a program with nothing but these settings; resolves once `url` answers 200. */
async function start(program, args, settings, url) {
  const child = spawn(join(target, program), args, { env: settings, stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  });
  // It ends when it is stopped; that is only a fault while somebody waits for it.
  ended.catch(() => {});
  const ready = async () => {
    for (let tries = 0; tries < 100; tries += 1) {
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok) return child;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${program} does not answer at ${url}`);
  };
  return Promise.race([ready(), ended]);
}

function stop(child) {
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGTERM');
  });
}

/** The settings of the local sign-in. */
function localMode() {
  const passphrase = random();
  return { settings: { LOCAL_PASSPHRASE: passphrase }, clients: { PASSPHRASE: passphrase }, children: [] };
}

/** The settings of the sign-in with GitHub, and the stand-in for it. */
async function githubMode(issuer) {
  const github = `127.0.0.1:${await freePort()}`;
  const secret = random();
  const standIn = await start('fake-github', [], {
    FAKE_GITHUB_LISTEN: github,
    FAKE_GITHUB_CLIENT_ID: 'Iv1.teststandin',
    FAKE_GITHUB_CLIENT_SECRET: secret,
    FAKE_GITHUB_CALLBACK_URL: `${issuer}/callback`,
    FAKE_GITHUB_USER: 'octocat:583231',
  }, `http://${github}/_health`);
  const settings = {
    GITHUB_CLIENT_ID: 'Iv1.teststandin',
    GITHUB_CLIENT_SECRET: secret,
    GITHUB_BASE_URL: `http://${github}`,
    GITHUB_API_URL: `http://${github}`,
    ALLOWED_GITHUB_USERS: 'octocat',
  };
  const clients = { PASSPHRASE: '', GITHUB_BASE_URL: settings.GITHUB_BASE_URL, GITHUB_USER: 'octocat:583231' };
  return { settings, clients, children: [standIn] };
}

/** One mode from start to stop; resolves with how many clients passed and failed. */
async function run(mode, page) {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const data = await mkdtemp(join(tmpdir(), 'gateway-'));
  const { settings, clients, children } = await mode(issuer);
  try {
    const gateway = await start('gateway', ['serve'], {
      GATEWAY_PORT: String(port),
      GATEWAY_DATA_DIR: data,
      EGRESS_ALLOW_HOSTS: new URL(page).host,
      ...settings,
    }, `${issuer}/ready`);
    children.push(gateway);
    return await runAll(process.argv.slice(2), { MCP_URL: `${issuer}/mcp`, PAGE_URL: page, ...clients });
  } finally {
    await Promise.all(children.map(stop));
    await rm(data, { recursive: true, force: true });
  }
}

const { server, url } = await startPageServer('127.0.0.1', 0);
const totals = { passed: 0, failed: 0 };
for (const mode of [localMode, githubMode]) {
  const { passed, failed } = await run(mode, url);
  totals.passed += passed;
  totals.failed += failed;
}
server.close();
close(totals);
