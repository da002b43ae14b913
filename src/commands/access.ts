/** `migration-guard access`: who reaches what today. The matrix alone, without judging it. */
import { check } from '../check.ts';
import type { Report } from '../model/report.ts';
import { UsageError } from '../project/project.ts';
import { html } from '../report/html.ts';
import { matrixMarkdown, matrixText } from '../report/matrix.ts';
import { type Command, print, readArguments, readShared, sharedOptions, toCheckSettings } from './command.ts';
import { withProgress } from './show.ts';

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
  const { values } = readArguments(argv, sharedOptions);
  const format = values.format ?? 'pretty';
  const render = Object.hasOwn(renderers, format) ? renderers[format] : undefined;
  if (render === undefined)
    throw new UsageError(`--format is one of ${Object.keys(renderers).join(', ')}, not "${format}".`);
  const shared = readShared({ ...values, format: undefined });
  // Without a base to compare with: everything that is there, and no change.
  const asked = values.base === undefined && values.all === undefined && values.changed === undefined;
  const settings = toCheckSettings(
    asked ? { ...shared, selection: { kind: 'changed', files: [] } } : shared,
    terminal,
    'access',
  );
  const report = await withProgress(terminal, (io) => check(settings, io));
  await print(terminal, shared.output, render(report));
  return report.verdict === 'incomplete' ? 3 : 0;
};
