/** The job summary. */
import type { Report } from '../model/report.ts';
import { fitted, type MarkdownLinks } from './markdown.ts';

/** 1 MiB a step; a longer one is not shown at all ("$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k"). */
export const summaryLimit = 1024 * 1024;

export const summary = (report: Report, links: MarkdownLinks): string =>
  fitted(report, links, summaryLimit, (body) => Buffer.byteLength(body));
