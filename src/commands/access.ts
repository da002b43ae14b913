/** `migration-guard access`: who reaches what today. The matrix alone, without judging it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { check } from '../check.ts';
import { withAccess } from '../config/file.ts';
import { configName, nearest } from '../config/load.ts';
import type { ProjectReport, Report } from '../model/report.ts';
import { declarationOf } from '../probes/matrix/declare.ts';
import { toPgTap } from '../probes/matrix/pgtap.ts';
import { findProject, UsageError } from '../project/project.ts';
import { visible } from '../report/escape.ts';
import { html } from '../report/html.ts';
import { matrixMarkdown, matrixText } from '../report/matrix.ts';
import { plural } from '../report/report.ts';
import { type Command, print, readArguments, readShared, sharedOptions, toCheckSettings } from './command.ts';
import { failedStages, withProgress } from './show.ts';

const renderers: Readonly<Record<string, (report: Report) => string>> = {
  pretty: matrixText,
  markdown: matrixMarkdown,
  html,
  json: (report) =>
    JSON.stringify(
      { projects: report.projects.map(({ path, access, notChecked }) => ({ path, ...access, notChecked })) },
      null,
      2,
    ),
};

export const access: Command = async (argv, terminal) => {
  const { values, positionals } = readArguments(argv, {
    ...sharedOptions,
    write: { type: 'boolean' },
    emit: { type: 'string' },
  });
  const { write, emit, ...rest } = values;
  const format = rest.format ?? 'pretty';
  const render = Object.hasOwn(renderers, format) ? renderers[format] : undefined;
  if (format === 'pgtap') throw new UsageError('pgTAP tests are printed with --emit pgtap.');
  if (render === undefined) {
    throw new UsageError(`--format is one of ${Object.keys(renderers).join(', ')}, not "${format}".`);
  }
  if (emit !== undefined && emit !== 'pgtap') throw new UsageError(`--emit is pgtap, not "${emit}".`);
  if (write && positionals.length > 0)
    throw new UsageError('--write writes every object: leave the names out.');
  const shared = readShared({ ...rest, format: undefined });
  // Without a base to compare with: everything that is there, and no change.
  const asked = rest.base === undefined && rest.all === undefined && rest.changed === undefined;
  const settings = toCheckSettings(
    asked ? { ...shared, selection: { kind: 'changed', files: [] } } : shared,
    terminal,
    'access',
  );
  const whole = await withProgress(terminal, (io) => check(settings, io));
  const report = whole.verdict === 'incomplete' ? whole : only(whole, positionals);
  const [project] = report.projects;
  if (report.verdict === 'incomplete' || project === undefined) {
    terminal.stderr.write(`migration-guard: The access could not be probed. ${failedStages(report)}\n`);
    return 3;
  }
  const failed = project.migrations.filter(({ status }) => status === 'failed');
  if (failed.length > 0) {
    terminal.stderr.write(
      `migration-guard: ${plural(failed.length, 'migration')} did not apply; what only ${failed.length === 1 ? 'it makes' : 'they make'} is not in the matrix: ${failed.map(({ path }) => visible(path)).join(', ')}\n`,
    );
  }
  if (emit === 'pgtap') await print(terminal, shared.output, toPgTap(matrixOf(project)));
  else if (write) {
    const root = await findProject(terminal.cwd, shared.project);
    const path = shared.config ?? join(root, configName);
    const text = await readFile(path, 'utf8').catch(() => '');
    await writeFile(path, withAccess(text, declarationOf(matrixOf(project))));
    terminal.stdout.write(`${relative(terminal.cwd, path)}\n`);
  } else await print(terminal, shared.output, render(report));
  return 0;
};

/** Of the matrix the objects that were named. */
function only(report: Report, names: readonly string[]): Report {
  if (names.length === 0) return report;
  const known = report.projects.flatMap(({ access: { objects } }) => objects.map(({ object }) => object));
  const isNamed = (object: string, name: string) =>
    object === name || object.replace(/^[^.]*\./, '') === name;
  for (const name of names) {
    if (known.some((object) => isNamed(object, name))) continue;
    const near = nearest(name, known);
    throw new UsageError(
      `"${name}" is nothing that the API exposes.${near === null ? '' : ` Did you mean "${near}"?`} "migration-guard access" shows all of it.`,
    );
  }
  return {
    ...report,
    projects: report.projects.map((project) => ({
      ...project,
      access: {
        ...project.access,
        objects: project.access.objects.filter(({ object }) => names.some((name) => isNamed(object, name))),
      },
    })),
  };
}

const matrixOf = ({ access: { objects, signUps } }: ProjectReport) => {
  return { objects, signUps, policyErrors: [], escalations: [], notChecked: [] };
};
