/** The sticky comment: found by marker and author on all pages, updated in place. */
import { markerOf, sameComment } from '../report/comment.ts';
import { ours } from './author.ts';
import type { Client, Repository } from './client.ts';
import { statusOf } from './retry.ts';

export interface StickyTarget extends Repository {
  readonly number: number;
  readonly project: string | null;
}

export interface Sticky {
  readonly id: number;
  readonly body: string;
  readonly url: string;
  readonly updatedAt: string;
}

export type Posted =
  | { readonly done: 'created' | 'updated' | 'unchanged'; readonly url: string }
  | { readonly done: 'not-needed'; readonly url: null };

/** All of ours, oldest first. */
export async function findSticky(client: Client, target: StickyTarget): Promise<readonly Sticky[]> {
  const marker = markerOf(target.project);
  const comments = await client.paginate(client.rest.issues.listComments, {
    owner: target.owner,
    repo: target.repo,
    issue_number: target.number,
    per_page: 100,
  });
  const marked = comments
    .filter(({ body }) => body?.startsWith(marker))
    .map(({ user, ...comment }) => ({ ...comment, user: user ?? null }));
  return (await ours(client, marked)).map(({ id, body, html_url, updated_at }) => ({
    id,
    body: body ?? '',
    url: html_url,
    updatedAt: updated_at,
  }));
}

/** `resolved`: only an earlier comment is changed; where there is none, nothing is said. */
export async function postSticky(
  client: Client,
  target: StickyTarget,
  body: string,
  mode: 'report' | 'resolved',
): Promise<Posted> {
  for (const sticky of [...(await findSticky(client, target))].reverse()) {
    if (sameComment(sticky.body, body)) return { done: 'unchanged', url: sticky.url };
    const url = await update(client, target, sticky, body);
    if (url !== null) return { done: 'updated', url };
  }
  return mode === 'resolved' ? { done: 'not-needed', url: null } : create(client, target, body);
}

/** Null where it was deleted meanwhile, or is another bot's after all. */
async function update(
  client: Client,
  target: StickyTarget,
  sticky: Sticky,
  body: string,
): Promise<string | null> {
  try {
    const { owner, repo } = target;
    const { data } = await client.rest.issues.updateComment({ owner, repo, comment_id: sticky.id, body });
    return data.html_url;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

async function create(client: Client, target: StickyTarget, body: string): Promise<Posted> {
  const { owner, repo, number } = target;
  const post = () => client.rest.issues.createComment({ owner, repo, issue_number: number, body });
  let created: Awaited<ReturnType<typeof post>>;
  try {
    created = await post();
  } catch (error) {
    const status = statusOf(error);
    if (status !== null && status < 500) throw error;
    // No answer does not mean that nothing was done: look first.
    const [there] = await findSticky(client, target);
    if (there) return { done: 'created', url: there.url };
    created = await post();
  }
  return withoutDouble(client, target, { id: created.data.id, url: created.data.html_url }, body);
}

/** Another run on this pull request may have posted at the same moment: the older comment stays. */
async function withoutDouble(
  client: Client,
  target: StickyTarget,
  own: { readonly id: number; readonly url: string },
  body: string,
): Promise<Posted> {
  const [oldest] = await findSticky(client, target);
  if (oldest === undefined || oldest.id >= own.id) return { done: 'created', url: own.url };
  const url = await update(client, target, oldest, body);
  if (url === null) return { done: 'created', url: own.url };
  await client.rest.issues.deleteComment({ owner: target.owner, repo: target.repo, comment_id: own.id });
  return { done: 'updated', url };
}
