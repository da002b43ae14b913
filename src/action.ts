/** Entry of the action. */
import { check } from './check.ts';
import { run } from './github/run.ts';

process.exitCode = await run(check, process.env);
