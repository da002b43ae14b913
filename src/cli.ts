#!/usr/bin/env node
/** Entry of the command line. Says what went wrong in one sentence and ends with the code of the contract. */
import module from 'node:module';

// Node 22.8 and newer keep what they compiled; this comes before the modules that are worth it.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { run } = await import('./commands/run.ts');

// Who reads may stop before the end: `migration-guard check | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
});
