/** A check run of our own: off by default, and never the required one (a fork's token can't create it). */
import type { Report } from '../model/report.ts';
import { type Annotation, annotationOf } from '../report/annotations.ts';
import { shortened } from '../report/escape.ts';
import { fitted, type MarkdownLinks } from '../report/markdown.ts';
import { bySeverity, currentOf, headline, sentence } from '../report/report.ts';
import type { Client, Repository } from './client.ts';

/** "The Checks API limits the number of annotations to a maximum of 50 per API request." */
const batch = 50;
/** `output.summary`: "Maximum length: 65535 characters". */
const summaryLimit = 65_535;
/** `annotations[].message` 64 KB, `title` 255 characters. */
const messageLimit = 8_000;

const levels = { error: 'failure', warning: 'warning', notice: 'notice' } as const;

export async function createCheckRun(
  client: Client,
  repository: Repository,
  run: {
    readonly name: string;
    readonly sha: string;
    readonly report: Report;
    readonly links: MarkdownLinks;
  },
): Promise<string | null> {
  const { name, sha, report, links } = run;
  const title = shortened(sentence(headline(report)), 255);
  const summary = fitted(report, links, summaryLimit, (body) => body.length);
  const annotations = [...currentOf(report)]
    .sort(bySeverity)
    .map(annotationOf)
    .filter((annotation) => annotation.file !== null)
    .map(toCheckAnnotation);
  const { data } = await client.rest.checks.create({
    ...repository,
    name,
    head_sha: sha,
    status: 'completed',
    // The job carries the verdict; what it calls red is never green here.
    conclusion: report.verdict === 'pass' ? 'success' : 'failure',
    output: { title, summary, annotations: annotations.slice(0, batch) },
  });
  for (let from = batch; from < annotations.length; from += batch) {
    await client.rest.checks.update({
      ...repository,
      check_run_id: data.id,
      output: { title, summary, annotations: annotations.slice(from, from + batch) },
    });
  }
  return data.html_url;
}

function toCheckAnnotation({ level, title, message, file, line, column, endLine, endColumn }: Annotation) {
  const from = line ?? 1;
  const to = Math.max(from, endLine ?? from);
  return {
    path: file ?? '',
    start_line: from,
    end_line: to,
    // "Annotations only support start_column and end_column on the same line."
    ...(to === from && column !== null ? { start_column: column } : {}),
    ...(to === from && column !== null && endColumn !== null
      ? { end_column: Math.max(column, endColumn) }
      : {}),
    annotation_level: levels[level],
    title,
    message: shortened(message, messageLimit),
  };
}
