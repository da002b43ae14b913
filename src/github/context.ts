/** The event that started the workflow: what is compared, what is commented. */
import { readFile } from 'node:fs/promises';
import type { Selection } from '../changes/discover.ts';
import { UsageError } from '../project/project.ts';
import type { Repository } from './client.ts';

/** The runner's environment, as far as it is read (GitHub docs, "Default environment variables"). */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface PullRequest {
  readonly number: number;
  readonly headSha: string;
  readonly headRef: string;
  /** `owner/name`; null where the fork is gone. */
  readonly headRepository: string | null;
  readonly baseRef: string;
  readonly baseSha: string;
  readonly fork: boolean;
}

export interface Context {
  readonly event: string;
  readonly payload: Payload;
  readonly repository: Repository;
  /** Commit that the workflow runs on (`GITHUB_SHA`): on `pull_request` the merge commit. */
  readonly sha: string;
  readonly pullRequest: PullRequest | null;
  readonly workspace: string;
  readonly apiUrl: string;
  readonly serverUrl: string;
  readonly runUrl: string | null;
  readonly runId: number | null;
}

// biome-ignore lint/suspicious/noExplicitAny: a webhook's payload; what is used of it is read below and nowhere else.
type Payload = Readonly<Record<string, any>>;

export async function readContext(env: Environment): Promise<Context> {
  const [owner, repo] = (env.GITHUB_REPOSITORY ?? '').split('/');
  if (!owner || !repo) {
    throw new UsageError(
      'GITHUB_REPOSITORY is not set: this is the entry of the GitHub Action. Run "migration-guard check" elsewhere.',
    );
  }
  const payload = await readPayload(env.GITHUB_EVENT_PATH);
  const serverUrl = env.GITHUB_SERVER_URL ?? 'https://github.com';
  const runId = env.GITHUB_RUN_ID ? Number(env.GITHUB_RUN_ID) : null;
  return {
    event: env.GITHUB_EVENT_NAME ?? '',
    payload,
    repository: { owner, repo },
    sha: env.GITHUB_SHA ?? '',
    pullRequest: toPullRequest(payload.pull_request, `${owner}/${repo}`),
    workspace: env.GITHUB_WORKSPACE ?? process.cwd(),
    apiUrl: env.GITHUB_API_URL ?? 'https://api.github.com',
    serverUrl,
    runUrl: runId === null ? null : `${serverUrl}/${owner}/${repo}/actions/runs/${runId}`,
    runId,
  };
}

async function readPayload(path: string | undefined): Promise<Payload> {
  if (!path) return {};
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Payload;
  } catch (error) {
    throw new UsageError(
      `The event file "${path}" can't be read: ${error instanceof Error ? error.message : error}.`,
    );
  }
}

export function toPullRequest(value: Payload | undefined, repository: string): PullRequest | null {
  if (typeof value?.number !== 'number') return null;
  const headRepository: string | null = value.head?.repo?.full_name ?? null;
  return {
    number: value.number,
    headSha: value.head.sha,
    headRef: value.head.ref,
    headRepository,
    baseRef: value.base.ref,
    baseSha: value.base.sha,
    fork: headRepository?.toLowerCase() !== repository.toLowerCase(),
  };
}

/** What the checkout's own commit says: its id and its parents. */
export interface Checkout {
  readonly sha: string;
  readonly parents: readonly string[];
}

const nothing = /^0+$/;

/**
 * The commit to compare with. On `pull_request` the checkout is a merge commit, and its first parent is the base that
 * it was merged with; where the head itself was checked out, `mergeBase` (looked up) is: against the branch's tip all
 * that came there meanwhile would look removed.
 */
export function selectionOf(
  context: Context,
  checkout: Checkout | null,
  mergeBase: string | null,
): Selection {
  const { event, payload, pullRequest } = context;
  switch (event) {
    case 'pull_request':
    case 'pull_request_target': {
      if (pullRequest === null) throw new UsageError('The event names no pull request.');
      const merged = checkout !== null && checkout.parents.length > 1 ? checkout.parents[0]! : null;
      if (merged === null && event === 'pull_request_target' && checkout?.sha !== pullRequest.headSha) {
        throw new UsageError(
          'On "pull_request_target" the base is checked out, not the change: there is nothing to check. Run on "pull_request"; for forks see docs/github.md.',
        );
      }
      return { kind: 'base', ref: merged ?? mergeBase ?? pullRequest.baseSha };
    }
    case 'merge_group':
      return { kind: 'base', ref: String(payload.merge_group?.base_sha ?? '') || null };
    case 'push': {
      const before = String(payload.before ?? '');
      return { kind: 'base', ref: before === '' || nothing.test(before) ? null : before };
    }
    case 'workflow_dispatch':
    case 'schedule':
    case 'repository_dispatch':
      return { kind: 'all' };
    default:
      throw new UsageError(
        `The event "${event}" says nothing to compare. Run on pull_request, merge_group, push or workflow_dispatch, or give the input "base".`,
      );
  }
}

/** The head commit that links and statuses belong to: never the merge commit. */
export const headSha = (context: Context): string =>
  context.pullRequest?.headSha ?? String(context.payload.merge_group?.head_sha ?? context.sha);
