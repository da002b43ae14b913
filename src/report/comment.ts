/** The one comment on a pull request: updated in place, found again by its hidden marker. */
import type { Report } from '../model/report.ts';
import { fitted, type MarkdownLinks } from './markdown.ts';

/** GitHub answers a longer one with 422 "Body is too long (maximum is 65536 characters)". */
export const commentLimit = 65_536;

export const marker = '<!-- supabase-migration-guard: report -->';

/** The marker is part of what is measured. */
export function comment(report: Report, links: MarkdownLinks): string {
  return fitted(
    report,
    links,
    commentLimit,
    (body) => body.length,
    (body) => `${marker}\n${body}`,
  );
}

/** What an earlier comment becomes when the pull request no longer touches a migration. */
export const nothingLeft = `${marker}\n### ✅ No migration is changed any more\n\nAn earlier version of this pull request changed migrations; this one does not.\n`;
