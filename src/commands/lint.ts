/** `migration-guard lint`: reads the SQL only. With --fix, what is certain is mended on disk. */
import { basename, dirname, join } from 'node:path';
import { mergedFiles } from '../changes/discover.ts';
import { check } from '../check.ts';
import type { Report } from '../model/report.ts';
import type { CheckSettings } from '../pipeline/settings.ts';
import { visible } from '../report/escape.ts';
import { applyFixes, filesOf, fixesOf } from '../report/fix.ts';
import { type Command, readArguments, readShared, sharedOptions, toCheckSettings } from './command.ts';
import { exitCode, show, showProblem, withProgress } from './show.ts';

/** The cases of all rules need six at most. */
const maxRounds = 20;

export const lint: Command = async (argv, terminal) => {
  const { values, positionals } = readArguments(argv, { ...sharedOptions, fix: { type: 'boolean' } });
  const shared = readShared(values, positionals);
  let settings = toCheckSettings(shared, terminal, 'static');
  try {
    let report = await withProgress(terminal, (io) => check(settings, io));
    if (values.fix) {
      // A database that ran a file never runs it again: what it says there stays what ran.
      const ran =
        settings.selection.kind === 'all' ? await migrationsThatRan(report, terminal.cwd) : new Set<string>();
      let mended = 0;
      const touched = new Set<string>();
      // A fix may wait for another that stands in its way, or be asked for by what another wrote.
      for (let round = 0; round < maxRounds; round += 1) {
        const { taken, edits, renames } = await applyFixes(report, terminal.cwd, ran);
        if (taken === 0) break;
        mended += taken;
        for (const file of edits.keys()) touched.add(file);
        for (const [from, to] of renames) {
          touched.delete(from);
          touched.add(to);
        }
        settings = { ...settings, selection: renamed(settings.selection, renames) };
        report = await check(settings);
      }
      terminal.stderr.write(`${mended} ${mended === 1 ? 'finding' : 'findings'} mended.\n`);
      for (const file of [...touched].sort()) terminal.stderr.write(`  ${visible(file)}\n`);
      const left = new Set(
        fixesOf(report)
          .flatMap(filesOf)
          .filter((file) => ran.has(file)),
      );
      if (left.size > 0) terminal.stderr.write(leftAlone(left.size));
    }
    await show(report, shared, terminal);
    return exitCode(report);
  } catch (error) {
    await showProblem(error, shared, terminal);
    throw error;
  }
};

/** Those that stand on the default branch: of the files that the Supabase CLI runs. */
async function migrationsThatRan(report: Report, cwd: string): Promise<ReadonlySet<string>> {
  const merged = await mergedFiles(cwd);
  const migrations = report.projects.flatMap((project) => project.migrations.map(({ path }) => path));
  return new Set(migrations.filter((path) => merged.has(path)));
}

const leftAlone = (count: number): string =>
  `${count === 1 ? 'One migration' : `${count} migrations`} of the default branch could be mended, and ${
    count === 1 ? 'stays as it' : 'stay as they'
  } ran: databases never run a file twice. Name files to mend them all the same.\n`;

/** The files that were named, under the names they have now. */
function renamed(
  selection: CheckSettings['selection'],
  renames: ReadonlyMap<string, string>,
): CheckSettings['selection'] {
  if (selection.kind !== 'changed') return selection;
  const names = new Map([...renames].map(([from, to]) => [basename(from), basename(to)]));
  const files = selection.files.map((file) =>
    join(dirname(file), names.get(basename(file)) ?? basename(file)),
  );
  return { ...selection, files };
}
