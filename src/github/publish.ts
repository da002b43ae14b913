/**
 * Everything that leaves a report on GitHub. The verdict is known before and does not depend on any of it: what can't be
 * posted is a line in the log that says why and what to do.
 */
import type { Report } from '../model/report.ts';
import { type CommentOrigin, comment, resolvedComment } from '../report/comment.ts';
import type { MarkdownLinks } from '../report/markdown.ts';
import { untouched } from '../report/report.ts';
import { createCheckRun } from './check-run.ts';
import type { Client, Repository } from './client.ts';
import { postSticky } from './comment.ts';
import type { PullRequest } from './context.ts';
import { advice, statusOf } from './retry.ts';
import { postReview } from './review.ts';

export interface Publication {
  readonly client: Client;
  readonly repository: Repository;
  readonly pullRequest: PullRequest | null;
  /** Commit that was checked. */
  readonly head: string;
  readonly report: Report;
  readonly links: MarkdownLinks;
  readonly origin: CommentOrigin;
  /** What is wanted. */
  readonly comment: boolean;
  readonly review: boolean;
  readonly checkName: string | null;
  /** Text of a file of the head; null where there is none. */
  readonly headText: (path: string) => Promise<string | null>;
  readonly log: (line: string) => void;
}

export interface Published {
  readonly commentUrl: string | null;
}

export async function publish(publication: Publication): Promise<Published> {
  const { pullRequest, checkName, log } = publication;
  let commentUrl: string | null = null;
  const attempt = async (what: string, permission: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      log(`${what} was not posted: ${advice(error, permission)}. The verdict stands without it.`);
    }
  };
  const tell = (what: string, pull: PullRequest, work: () => Promise<void>) =>
    attempt(what, 'pull-requests: write', async () => {
      if (!(await moved(publication, pull))) return work();
      log(`${what} was not posted: the pull request has a newer commit, whose own run posts it.`);
    });
  if (pullRequest !== null && publication.comment) {
    await tell('The comment', pullRequest, async () => {
      commentUrl = await postComment(publication, pullRequest);
    });
  }
  if (pullRequest !== null && publication.review) {
    await tell('The review', pullRequest, () => postReview({ ...publication, pullRequest }));
  }
  if (checkName !== null) {
    await attempt(`The check run "${checkName}"`, 'checks: write', async () => {
      await createCheckRun(publication.client, publication.repository, {
        name: checkName,
        sha: publication.head,
        report: publication.report,
        links: publication.links,
      });
    });
  }
  return { commentUrl };
}

async function postComment(publication: Publication, pullRequest: PullRequest): Promise<string | null> {
  const { client, repository, report, links, origin, log } = publication;
  const { number } = pullRequest;
  const quiet = untouched(report);
  const body = quiet ? resolvedComment(origin) : comment(report, links, origin);
  const target = { ...repository, number, project: origin.project };
  const posted = await postSticky(client, target, body, quiet ? 'resolved' : 'report');
  if (posted.done === 'unchanged') log(`The comment already says this: ${posted.url}`);
  else if (posted.url !== null) log(`Comment ${posted.done}: ${posted.url}`);
  return posted.url;
}

/** A slow run must not overwrite what a newer one said. */
async function moved({ client, repository, head }: Publication, { number }: PullRequest): Promise<boolean> {
  try {
    const { data } = await client.rest.pulls.get({ ...repository, pull_number: number });
    return data.head.sha !== head;
  } catch (error) {
    // `issues: write` alone is enough to comment.
    if (statusOf(error) === 403 || statusOf(error) === 404) return false;
    throw error;
  }
}
