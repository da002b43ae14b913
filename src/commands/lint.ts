/** `migration-guard lint`: reads the SQL only. With --fix, what is certain is mended on disk. */
import { check } from '../check.ts';
import { applyFixes } from '../report/fix.ts';
import { type Command, readArguments, readShared, sharedOptions, toCheckSettings } from './command.ts';
import { exitCode, show, showProblem, withProgress } from './show.ts';

export const lint: Command = async (argv, terminal) => {
  const { values, positionals } = readArguments(argv, { ...sharedOptions, fix: { type: 'boolean' } });
  const shared = readShared(values, positionals);
  const settings = toCheckSettings(shared, terminal, 'static');
  try {
    let report = await withProgress(terminal, (io) => check(settings, io));
    if (values.fix) {
      const mended = await applyFixes(report, terminal.cwd);
      terminal.stderr.write(`${mended} ${mended === 1 ? 'finding' : 'findings'} mended.\n`);
      if (mended > 0) report = await check(settings);
    }
    await show(report, shared, terminal);
    return exitCode(report);
  } catch (error) {
    await showProblem(error, shared, terminal);
    throw error;
  }
};
