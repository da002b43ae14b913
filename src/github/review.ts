/**
 * Certain fixes as remarks in one review. GitHub takes a line comment only inside the diff, and refuses a whole review
 * (422) for one line outside it; there a comment on the file says the same. A hidden mark keeps a remark from being
 * posted twice. What is no longer found is withdrawn: an open conversation could keep the pull request from being
 * merged, and to resolve one a token must be allowed to write contents.
 */
import { bySeverity, currentOf } from '../report/report.ts';
import { ours } from './author.ts';
import type { Client, Repository } from './client.ts';
import type { PullRequest } from './context.ts';
import { changedFiles } from './files.ts';
import type { Publication } from './publish.ts';
import { type Lines, markIn, type Remark, remarkOf } from './remark.ts';
import { statusOf } from './retry.ts';

/** More than this in one review is a wall that nobody reads: the sticky comment has the rest. */
const limit = 25;

type ReviewInput = Pick<Publication, 'client' | 'repository' | 'report' | 'head' | 'headText' | 'log'> & {
  readonly pullRequest: PullRequest;
};

/** A remark as it stands on GitHub. */
interface Posted {
  readonly id: number;
  readonly mark: string;
  readonly body: string;
  /** Null also where the lines have changed since. */
  readonly lines: Lines | null;
  readonly onFile: boolean;
  readonly answered: boolean;
}

const mendedWords = '✅ Mended: this is no longer found.';

export async function postReview(input: ReviewInput): Promise<void> {
  const { client, repository, pullRequest, log } = input;
  const remarks = await remarksOf(input);
  const wanted = new Map(remarks.map((remark) => [remark.mark, remark]));
  const standing = new Set<string>();
  for (const posted of await postedRemarks(client, repository, pullRequest.number)) {
    const remark = wanted.get(posted.mark);
    if (remark === undefined || standing.has(posted.mark)) await withdraw(client, repository, posted);
    else if (posted.body === remark.body) standing.add(posted.mark);
    else if (samePlace(posted, remark)) {
      await client.rest.pulls.updateReviewComment({
        ...repository,
        comment_id: posted.id,
        body: remark.body,
      });
      standing.add(posted.mark);
    } else await withdraw(client, repository, posted);
  }
  const fresh = remarks.filter(({ mark }) => !standing.has(mark));
  if (fresh.length === 0) return;
  const count = await post(input, fresh);
  log(`Review: ${count} of ${fresh.length} new remarks posted, ${remarks.length - fresh.length} were there.`);
  await withoutDoubles(input);
}

async function remarksOf({ client, repository, report, pullRequest, headText }: ReviewInput) {
  const listing = await changedFiles(client, repository, pullRequest.number);
  const remarks: Remark[] = [];
  for (const finding of [...currentOf(report)].sort(bySeverity)) {
    if (remarks.length === limit) break;
    const remark = await remarkOf(finding, listing, headText);
    if (remark !== null) remarks.push(remark);
  }
  return remarks;
}

const samePlace = (posted: Posted, { lines }: Remark): boolean =>
  lines === null
    ? posted.onFile
    : !posted.onFile && posted.lines?.from === lines.from && posted.lines.to === lines.to;

/** Another run may have posted at the same moment: the older remark stays. */
async function withoutDoubles({ client, repository, pullRequest }: ReviewInput): Promise<void> {
  const seen = new Set<string>();
  for (const posted of await postedRemarks(client, repository, pullRequest.number)) {
    if (seen.has(posted.mark)) await withdraw(client, repository, posted);
    seen.add(posted.mark);
  }
}

/** Deleted, unless somebody answered: their words keep what they answer to. */
async function withdraw(
  client: Client,
  repository: Repository,
  { id, mark, answered }: Posted,
): Promise<void> {
  const comment = { ...repository, comment_id: id };
  try {
    if (answered)
      await client.rest.pulls.updateReviewComment({ ...comment, body: `${mark}\n${mendedWords}` });
    else await client.rest.pulls.deleteReviewComment(comment);
  } catch (error) {
    // Gone already.
    if (statusOf(error) !== 404) throw error;
  }
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

/** Ours on all pages, oldest first, without those that say already that they are mended. */
async function postedRemarks(
  client: Client,
  repository: Repository,
  number: number,
): Promise<readonly Posted[]> {
  const comments = await client.paginate(client.rest.pulls.listReviewComments, {
    ...repository,
    pull_number: number,
    per_page: 100,
  });
  const answered = new Set(comments.map(({ in_reply_to_id }) => in_reply_to_id));
  const marked = comments.filter(({ body }) => markIn(body) !== null && !body.includes(mendedWords));
  return (await ours(client, marked)).map(({ id, body, line, start_line, subject_type }) => ({
    id,
    mark: markIn(body)!,
    body,
    lines: line == null ? null : { from: start_line ?? line, to: line },
    onFile: subject_type === 'file',
    answered: answered.has(id),
  }));
}
