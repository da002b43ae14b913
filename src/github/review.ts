/**
 * Fixes as suggestions in a review. GitHub takes a line comment only inside the diff, and refuses a whole review (422)
 * for one line outside it; there a comment on the file says the same. A hidden mark keeps a comment from being posted
 * twice; when the finding is gone the comment says so.
 */
import type { Edit, Finding } from '../model/finding.ts';
import { block, prose, text, visible } from '../report/escape.ts';
import { applyEdits } from '../report/fix.ts';
import { bySeverity, currentOf } from '../report/report.ts';
import type { Client, Repository } from './client.ts';
import type { PullRequest } from './context.ts';
import { changedFiles, diffHunks, type Listing } from './files.ts';
import type { Publication } from './publish.ts';
import { statusOf } from './retry.ts';

/** More than this in one review is a wall that nobody reads: the sticky comment has the rest. */
const limit = 25;

type ReviewInput = Pick<Publication, 'client' | 'repository' | 'report' | 'head' | 'headText' | 'log'> & {
  readonly pullRequest: PullRequest;
};

interface Remark {
  readonly fingerprint: string;
  readonly path: string;
  readonly body: string;
  /** Null: on the file as a whole. */
  readonly lines: { readonly from: number; readonly to: number } | null;
}

const markOf = (fingerprint: string) =>
  `<!-- supabase-migration-guard: fix ${fingerprint.replace(/[^\w]/g, '_')} -->`;
const mendedBody = '✅ Mended: this is no longer found.';

export async function postReview(input: ReviewInput): Promise<void> {
  const { client, repository, report, pullRequest, headText, log } = input;
  const number = pullRequest.number;
  const listing = await changedFiles(client, repository, number);
  const remarks: Remark[] = [];
  for (const finding of [...currentOf(report)].sort(bySeverity)) {
    if (remarks.length === limit) break;
    const remark = await remarkOf(finding, listing, headText);
    if (remark !== null) remarks.push(remark);
  }
  const there = await ownRemarks(client, repository, number);
  const wanted = new Set(remarks.map(({ fingerprint }) => markOf(fingerprint)));
  for (const { id, mark, body } of there) {
    if (wanted.has(mark) || body.includes(mendedBody)) continue;
    await client.rest.pulls.updateReviewComment({
      ...repository,
      comment_id: id,
      body: `${mark}\n${mendedBody}`,
    });
  }
  const known = new Set(there.filter(({ body }) => !body.includes(mendedBody)).map(({ mark }) => mark));
  const fresh = remarks.filter(({ fingerprint }) => !known.has(markOf(fingerprint)));
  if (fresh.length === 0) return;
  const posted = await post(input, fresh);
  log(
    `Review: ${posted} of ${fresh.length} new remarks posted, ${remarks.length - fresh.length} were there.`,
  );
}

async function post(
  { client, repository, pullRequest, head }: ReviewInput,
  fresh: readonly Remark[],
): Promise<number> {
  const target = { ...repository, pull_number: pullRequest.number };
  const inLines = fresh.filter((remark) => remark.lines !== null);
  const onFiles = fresh.filter((remark) => remark.lines === null);
  let posted = 0;
  if (inLines.length > 0) {
    try {
      await client.rest.pulls.createReview({
        ...target,
        commit_id: head,
        event: 'COMMENT',
        comments: inLines.map(({ path, body, lines }) => ({ path, body, ...placeOf(lines!) })),
      });
      posted += inLines.length;
    } catch (error) {
      if (statusOf(error) !== 422) throw error;
      // One of them is refused and took the others with it: each by itself, and that one on its file.
      for (const remark of inLines) {
        const one = { ...target, commit_id: head, path: remark.path, body: remark.body };
        if (
          await accepted(() => client.rest.pulls.createReviewComment({ ...one, ...placeOf(remark.lines!) }))
        )
          posted += 1;
        else onFiles.push(remark);
      }
    }
  }
  for (const { path, body } of onFiles) {
    const whole = { ...target, commit_id: head, path, body, subject_type: 'file' as const };
    if (await accepted(() => client.rest.pulls.createReviewComment(whole))) posted += 1;
  }
  return posted;
}

async function accepted(send: () => Promise<unknown>): Promise<boolean> {
  try {
    await send();
    return true;
  } catch (error) {
    if (statusOf(error) === 422) return false;
    throw error;
  }
}

const placeOf = ({ from, to }: { readonly from: number; readonly to: number }) =>
  from === to
    ? { line: to, side: 'RIGHT' as const }
    : { start_line: from, start_side: 'RIGHT' as const, line: to, side: 'RIGHT' as const };

/** Ours, on all pages; who wrote it is told by type, since only bots and the token's own user can have written a mark. */
async function ownRemarks(client: Client, repository: Repository, number: number) {
  const comments = await client.paginate(client.rest.pulls.listReviewComments, {
    ...repository,
    pull_number: number,
    per_page: 100,
  });
  return comments.flatMap(({ id, body, user }) => {
    const mark = /^<!-- supabase-migration-guard: fix \w+ -->/.exec(body)?.[0];
    return mark === undefined || user?.type !== 'Bot' ? [] : [{ id, mark, body }];
  });
}

async function remarkOf(
  finding: Finding,
  listing: Listing,
  headText: Publication['headText'],
): Promise<Remark | null> {
  const edits = finding.fix?.edits ?? [];
  const path = edits[0]?.file;
  if (path === undefined || edits.some(({ file }) => file !== path)) return null;
  const file = listing.files.find((entry) => entry.path === path);
  const source = await headText(path);
  if (file === undefined || source === null) return null;
  const change = wholeLines(source, edits);
  const words = [markOf(finding.fingerprint), `${prose(finding.message)}`, `**${text(finding.fix!.title)}**`];
  // What is shown in place of a control character must not be committed with a click.
  const faithful = visible(change.text) === change.text;
  const inDiff =
    faithful && diffHunks(file.patch).some(({ from, to }) => from <= change.from && change.to <= to);
  const proposal = inDiff
    ? block(change.text, 'suggestion')
    : `In ${change.from === change.to ? `line ${change.from}` : `lines ${change.from} to ${change.to}`}:\n\n${block(change.text, 'sql')}`;
  return {
    fingerprint: finding.fingerprint,
    path,
    body: `${[...words, proposal].join('\n\n')}\n\n<sub>${text(finding.rule)}</sub>`,
    lines: inDiff ? { from: change.from, to: change.to } : null,
  };
}

/** A suggestion replaces whole lines: the lines that the edits touch, with the edits made. */
export function wholeLines(
  source: string,
  edits: readonly Edit[],
): { readonly from: number; readonly to: number; readonly text: string } {
  const from = Math.min(...edits.map((edit) => edit.startLine));
  const to = Math.max(...edits.map((edit) => edit.endLine));
  const after = applyEdits(source, edits).split('\n');
  const grown = after.length - source.split('\n').length;
  const text = after.slice(from - 1, to + grown).join('\n');
  return { from, to, text: text.replaceAll('\r', '') };
}
