// The suite as a program: its own Node (it does not start on 20) and its exact arguments.
import { spawn } from 'node:child_process';
import { arch } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const node = here(`node_modules/node-linux-${arch()}/bin/node`);
const program = here('node_modules/@modelcontextprotocol/conformance/dist/index.js');
const oneAuthMethod = pathToFileURL(here('one-auth-method.mjs')).href;

/** Runs the suite; `onLine` sees each line as it comes. Resolves with its exit code and output. */
export function runSuite(args, { authMethod, onLine = () => {} } = {}) {
  const preload = authMethod ? ['--import', oneAuthMethod] : [];
  const child = spawn(node, [...preload, program, ...args], {
    env: { ...process.env, CLIENT_AUTH_METHOD: authMethod ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let pending = '';
  const take = (data) => {
    output += data;
    const lines = (pending + data).split('\n');
    pending = lines.pop();
    lines.forEach(onLine);
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, output: String(error) }));
    child.once('close', (code) => resolve({ code, output }));
  });
}
