/** `migration-guard check`: everything. */
import { check as runCheck } from '../check.ts';
import { type Command, readArguments, readShared, sharedOptions, toCheckSettings } from './command.ts';
import { exitCode, show, showProblem, withProgress } from './show.ts';

export const check: Command = async (argv, terminal) => {
  const { values, positionals } = readArguments(argv, sharedOptions);
  const shared = readShared(values, positionals);
  try {
    const settings = toCheckSettings(shared, terminal, 'all');
    const report = await withProgress(terminal, (io) => runCheck(settings, io));
    await show(report, shared, terminal);
    return exitCode(report);
  } catch (error) {
    await showProblem(error, shared, terminal);
    throw error;
  }
};
