/** Entry of the action. Most pull requests change no migration: what checks them is loaded when it is needed. */
import { run } from './github/run.ts';

process.exitCode = await run(
  async (settings, io) => (await import('./check.ts')).check(settings, io),
  process.env,
);
