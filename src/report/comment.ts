/** The one comment on a pull request: updated in place, found again by its hidden marker. */
import type { Report } from '../model/report.ts';
import { fitted, type MarkdownLinks } from './markdown.ts';

/** GitHub answers a longer one with 422 "Body is too long (maximum is 65536 characters)". */
export const commentLimit = 65_536;

/** What a comment says about itself, unseen. */
export interface CommentOrigin {
  /** Input `project`: jobs that check one project each have a comment each. */
  readonly project: string | null;
  /** Commit that was checked. */
  readonly head: string;
  /** Run of the workflow that checked it. */
  readonly run: number | null;
}

export const markerOf = (project: string | null): string => {
  // Nothing in the name can end the HTML comment.
  const name = project === null ? '' : ` project=${encodeURIComponent(project).replaceAll('-', '%2D')}`;
  return `<!-- supabase-migration-guard: report${name} -->`;
};

const first = (origin: CommentOrigin): string =>
  `${markerOf(origin.project)}\n<!-- head=${origin.head} run=${origin.run ?? ''} -->`;

/** The marker is part of what is measured. */
export function comment(report: Report, links: MarkdownLinks, origin: CommentOrigin): string {
  return fitted(
    report,
    links,
    commentLimit,
    (body) => body.length,
    (body) => `${first(origin)}\n${body}`,
  );
}

/** What an earlier comment becomes when the pull request no longer touches a migration. */
export const resolvedComment = (origin: CommentOrigin): string =>
  `${first(origin)}\n### ✅ No migration is changed any more\n\nAn earlier version of this pull request changed migrations; this one does not.\n`;

/** Reads back what `comment` wrote. */
export function originOf(body: string): { readonly head: string; readonly run: number | null } | null {
  const match =
    /^<!-- supabase-migration-guard: report[^\n]*-->\r?\n<!-- head=([0-9a-f]{40,64}) run=(\d*) -->/.exec(
      body,
    );
  return match === null ? null : { head: match[1]!, run: match[2] === '' ? null : Number(match[2]) };
}

/** Of the same commit, and alike but for times, the run's number and what GitHub does to line ends. */
export const sameComment = (a: string, b: string): boolean => essence(a) === essence(b);

const essence = (body: string): string =>
  body
    .replaceAll('\r', '')
    .replace(/^(<!-- head=\w+) run=\d* -->$/m, '$1')
    .replace(/<sub>[^\n]*<\/sub>\s*$/, '')
    .trim();
