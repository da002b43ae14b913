/** What a run leaves on the runner: files, outputs for other steps, annotations. None of it needs a token. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import * as core from '@actions/core';
import type { Inputs } from '../config/inputs.ts';
import type { Report } from '../model/report.ts';
import { UsageError } from '../project/project.ts';
import { annotations, workflowCommand } from '../report/annotations.ts';
import { html } from '../report/html.ts';
import { json } from '../report/json.ts';
import { counts, countWords, currentOf, headline, sentence } from '../report/report.ts';
import { sarif } from '../report/sarif.ts';
import type { Context, Environment } from './context.ts';

export interface Paths {
  readonly report: string;
  readonly sarif: string;
  readonly access: string;
}

export async function writeFiles(
  report: Report,
  inputs: Inputs,
  context: Context,
  env: Environment,
): Promise<Paths> {
  const folder = join(env.RUNNER_TEMP ?? context.workspace, 'migration-guard');
  const at = (given: string | undefined, name: string) =>
    given === undefined ? join(folder, name) : resolve(context.workspace, given);
  const paths = {
    report: at(inputs['report-path'], 'report.json'),
    sarif: at(inputs['sarif-path'], 'report.sarif'),
    access: join(folder, 'access.html'),
  };
  const write = async (path: string, content: string) => {
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    } catch (error) {
      throw new UsageError(`"${path}" can't be written: ${error instanceof Error ? error.message : error}.`);
    }
  };
  await write(paths.report, json(report));
  await write(paths.sarif, sarif(report));
  await write(paths.access, html(report));
  return paths;
}

export function setOutputs(report: Report, paths: Paths): void {
  const found = counts(currentOf(report));
  core.setOutput('verdict', report.verdict);
  core.setOutput('errors', found.error);
  core.setOutput('warnings', found.warning);
  core.setOutput('infos', found.info);
  core.setOutput('headline', sentence(headline(report)));
  core.setOutput('report-path', paths.report);
  core.setOutput('sarif-path', paths.sarif);
  core.setOutput('access-path', paths.access);
}

export function annotate(report: Report): void {
  const { shown, left } = annotations(report);
  for (const annotation of shown) process.stdout.write(`${workflowCommand(annotation)}\n`);
  if (left.length > 0) core.info(`Not annotated: ${countWords(counts(left))}; the job summary lists them.`);
}
