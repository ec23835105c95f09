// Reporting for the dialects: one line for each thing checked, under the number that it has in the
// list of what clients need (docs/rfc-map.md).

export class Checks {
  passed = 0;
  failed = 0;
  #client;

  /** The client that the checks from now on are made for. */
  begin(client) {
    this.#client = client;
  }

  /** Runs one check and reports it; resolves with what it found, or throws what it threw. */
  async check(line, what, run) {
    try {
      const found = await run();
      this.passed += 1;
      this.#report('ok    ', line, what);
      return found;
    } catch (error) {
      this.failed += 1;
      this.#report('FAILED', line, what);
      console.log(`       ${error.message.replaceAll('\n', '\n       ')}`);
      throw new Stop(error);
    }
  }

  #report(outcome, line, what) {
    console.log(`${outcome} ${this.#client.padEnd(22)} ${`line ${line}`.padEnd(8)} ${what}`);
  }
}

/** A check failed and was reported; what depends on it is not worth running. */
export class Stop extends Error {
  constructor(cause) {
    super('stopped', { cause });
  }
}
