/**
 * The second workflow of pull requests from forks (`workflow_run`): it has a token that may write, and posts what the
 * first, which ran with a read-only one, wrote down. What it reads is the stranger's: checked for size and shape, and
 * never asked which pull request it belongs to.
 */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as core from '@actions/core';
import type { Inputs } from '../config/inputs.ts';
import type { Report } from '../model/report.ts';
import { UsageError } from '../project/project.ts';
import { readReport } from '../report/schema.ts';
import type { Client } from './client.ts';
import { type Context, type Environment, type PullRequest, toPullRequest } from './context.ts';
import { docsLinks, linksFor } from './links.ts';
import { publish } from './publish.ts';
import { advice } from './retry.ts';

/** A report of a thousand migrations is about 3 MB. */
const sizeLimit = 16 * 1024 * 1024;

/** Exit code 0 whatever can't be posted: this workflow is no gate. */
export async function publishForFork(
  context: Context,
  inputs: Inputs,
  client: Client | null,
  env: Environment,
): Promise<number> {
  if (inputs['report-path'] === undefined) {
    throw new UsageError(
      'On "workflow_run" the input "report-path" names the report that the first workflow wrote. See docs/github.md, "Forks".',
    );
  }
  if (client === null)
    throw new UsageError('On "workflow_run" a token that may write is needed. Give this step "token".');
  const nothing = (why: string) => {
    core.info(`Nothing was posted: ${why}.`);
    return 0;
  };
  const read = await readUntrusted(resolve(context.workspace, inputs['report-path']));
  if ('problem' in read) return nothing(read.problem);
  let found: Match;
  try {
    found = await matchingPullRequest(context, client);
  } catch (error) {
    return nothing(`the pull request could not be looked up: ${advice(error, 'pull-requests: read')}`);
  }
  if ('problem' in found) return nothing(found.problem);
  const { pullRequest } = found;
  const here = { ...context, pullRequest, runId: runIdOf(context) };
  await publish({
    client,
    repository: context.repository,
    pullRequest,
    head: pullRequest.headSha,
    report: read.report,
    links: { ...linksFor(here, env), docs: docsLinks(env), whole: runUrlOf(context) },
    origin: { project: inputs.project ?? null, head: pullRequest.headSha, run: here.runId },
    comment: inputs.comment,
    // What a stranger's report calls a fix is not put into a reviewer's hands with one click.
    review: false,
    checkName: null,
    headText: async () => null,
    log: core.info,
  });
  return 0;
}

async function readUntrusted(
  path: string,
): Promise<{ readonly report: Report } | { readonly problem: string }> {
  let content: string;
  try {
    const { size } = await stat(path);
    if (size > sizeLimit)
      return { problem: `the report has ${size} bytes, and ${sizeLimit} is the most that is read` };
    content = await readFile(path, 'utf8');
  } catch {
    return {
      problem: `there is no report at "${path}" (the first workflow may have ended before it wrote one)`,
    };
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return { problem: 'the report is no JSON' };
  }
  const result = readReport(value);
  return 'problem' in result
    ? { problem: `the report is not in the expected form (${result.problem})` }
    : result;
}

type Match = { readonly pullRequest: PullRequest } | { readonly problem: string };

/** By what GitHub itself says of the run: the event's own list of pull requests is empty for forks. */
async function matchingPullRequest({ payload, repository }: Context, client: Client): Promise<Match> {
  const run = payload.workflow_run ?? {};
  const [sha, branch, head] = [run.head_sha, run.head_branch, run.head_repository?.full_name];
  const owner = run.head_repository?.owner?.login;
  if (![sha, branch, head, owner].every((part) => typeof part === 'string' && part !== '')) {
    return { problem: 'the event does not say which head the run was for' };
  }
  if (run.event !== 'pull_request')
    return { problem: `the run was started by "${run.event}", not by a pull request` };
  const name = `${repository.owner}/${repository.repo}`;
  const entries = await client.paginate(client.rest.pulls.list, {
    ...repository,
    state: 'open',
    head: `${owner}:${branch}`,
    per_page: 100,
  });
  const matches = entries.filter(
    (entry) =>
      entry.state === 'open' &&
      entry.head.sha === sha &&
      entry.head.ref === branch &&
      entry.head.repo?.full_name === head &&
      entry.base.repo.full_name === name,
  );
  if (matches.length !== 1) {
    return {
      problem: `${matches.length === 0 ? 'no' : matches.length} open pull request${matches.length > 1 ? 's' : ''} from "${head}" at ${sha}`,
    };
  }
  const pullRequest = toPullRequest(matches[0], name);
  return pullRequest === null
    ? { problem: 'GitHub described the pull request incompletely' }
    : { pullRequest };
}

const runIdOf = ({ payload }: Context): number | null =>
  typeof payload.workflow_run?.id === 'number' ? payload.workflow_run.id : null;

function runUrlOf(context: Context): string | null {
  const id = runIdOf(context);
  const { owner, repo } = context.repository;
  return id === null ? null : `${context.serverUrl}/${owner}/${repo}/actions/runs/${id}`;
}
