#!/usr/bin/env node
/** Entry of the command line. Says what went wrong in one sentence and ends with the code of the contract. */
import { run } from './commands/run.ts';

process.exitCode = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
});
