/** Asks GitHub what only GitHub knows, then checks. A fault there is said and never ends the check. */
import * as core from '@actions/core';
import type { Selection } from '../changes/discover.ts';
import { Git } from '../changes/git.ts';
import type { Inputs } from '../config/inputs.ts';
import type { Report } from '../model/report.ts';
import type { CheckIo, CheckSettings } from '../pipeline/settings.ts';
import { version } from '../version.ts';
import { GitHubCommits } from './base.ts';
import { baseTip } from './base-tip.ts';
import type { Client } from './client.ts';
import { type Checkout, type Context, selectionOf } from './context.ts';
import { addsMigrations, changedFiles, type Listing, touchesSupabase } from './files.ts';
import { openPullRequests } from './open-pull-requests.ts';
import { advice } from './retry.ts';

export type Check = (settings: CheckSettings, io: CheckIo) => Promise<Report>;

export interface Looking {
  readonly check: Check;
  readonly inputs: Inputs;
  readonly context: Context;
  /** Null without a token. */
  readonly client: Client | null;
}

export async function look(looking: Looking): Promise<Report> {
  const { check, inputs, context, client } = looking;
  const listing = await listed(looking);
  if (listing !== null && !touchesSupabase(listing)) return nothingToCheck(inputs);
  const selection = await selected(looking);
  return check(
    {
      cwd: context.workspace,
      project: inputs.project ?? null,
      everyProject: inputs.project === undefined,
      selection,
      remote: client === null ? null : new GitHubCommits(client, context.repository),
      ...(listing !== null && addsMigrations(listing)
        ? await elsewhere(looking, selection)
        : { openPullRequests: [], baseTip: [] }),
      configFile: inputs.config ?? null,
      configFromBase: context.event !== 'workflow_dispatch',
      overrides: {
        ...(inputs['fail-on'] === undefined ? {} : { failOn: inputs['fail-on'] }),
        ...(inputs.require === undefined ? {} : { require: [inputs.require] }),
        ...(inputs.baseline === undefined ? {} : { baseline: inputs.baseline }),
        ...(inputs['database-url'] === undefined ? {} : { databaseUrl: inputs['database-url'] }),
        ...(inputs['remote-url'] === undefined ? {} : { remoteUrl: inputs['remote-url'] }),
      },
      stages: 'all',
      now: Date.now(),
    },
    { progress: (stage) => core.info(`… ${stage}`) },
  );
}

/** Files of the pull request; null where there is none, or GitHub did not say. */
async function listed({ inputs, context, client }: Looking): Promise<Listing | null> {
  const { pullRequest, repository } = context;
  if (client === null || pullRequest === null || inputs.base !== undefined) return null;
  return changedFiles(client, repository, pullRequest.number).catch((error) =>
    missed('What other pull requests bring', 'pull-requests: read', error, null),
  );
}

/** Migrations that this checkout does not hold, and that a new one may collide with. */
async function elsewhere(
  { context: { repository, pullRequest }, client }: Looking,
  selection: Selection,
): Promise<Pick<CheckSettings, 'openPullRequests' | 'baseTip'>> {
  if (client === null || pullRequest === null) return { openPullRequests: [], baseTip: [] };
  const base = selection.kind === 'base' ? selection.ref : null;
  const [others, tip] = await Promise.all([
    openPullRequests(client, repository, pullRequest).catch((error) =>
      missed('What other pull requests bring', 'pull-requests: read', error, []),
    ),
    baseTip(client, repository, pullRequest.baseRef, base).catch((error) =>
      missed(`What came to "${pullRequest.baseRef}" meanwhile`, 'contents: read', error, []),
    ),
  ]);
  return { openPullRequests: others, baseTip: tip };
}

function missed<T>(what: string, permission: string, error: unknown, without: T): T {
  core.info(`${what} was not looked at: ${advice(error, permission)}.`);
  return without;
}

async function selected({ inputs, context, client }: Looking): Promise<Selection> {
  if (inputs.base !== undefined) return { kind: 'base', ref: inputs.base };
  const git = await Git.open(context.workspace);
  const checkout = git === null ? null : await git.commit('HEAD');
  return selectionOf(context, checkout, await mergeBaseOf(context, checkout, client));
}

/** Only needed where the head itself is checked out; without an answer the tip of the base branch serves. */
async function mergeBaseOf(
  { pullRequest, repository }: Context,
  checkout: Checkout | null,
  client: Client | null,
): Promise<string | null> {
  if (pullRequest === null || client === null || checkout === null || checkout.parents.length > 1)
    return null;
  try {
    const { data } = await client.rest.repos.compareCommitsWithBasehead({
      ...repository,
      basehead: `${pullRequest.baseSha}...${pullRequest.headSha}`,
      per_page: 1,
    });
    return data.merge_base_commit.sha;
  } catch (error) {
    core.info(
      `The merge base was not found, so the tip of "${pullRequest.baseRef}" is compared with: ${advice(error, 'contents: read')}.`,
    );
    return null;
  }
}

/** The answer to a pull request that GitHub lists whole and without a file under `supabase/`. */
const nothingToCheck = (inputs: Inputs): Report => ({
  schemaVersion: 1,
  tool: { name: 'supabase-migration-guard', version },
  verdict: 'pass',
  failOn: inputs['fail-on'] ?? 'error',
  projects: [],
  problem: null,
});
