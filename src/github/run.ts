/** One run of the action: inputs and event in; report, outputs and exit code out. Never throws. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import * as core from '@actions/core';
import { CannotCheck } from '../changes/discover.ts';
import { Git } from '../changes/git.ts';
import { type Inputs, parseInputs } from '../config/inputs.ts';
import type { History } from '../model/migration.ts';
import type { Report } from '../model/report.ts';
import { unableReport } from '../pipeline/assemble.ts';
import type { CheckIo, CheckSettings } from '../pipeline/settings.ts';
import { UsageError } from '../project/project.ts';
import { annotations, withoutCommands, workflowCommand } from '../report/annotations.ts';
import { html } from '../report/html.ts';
import { json } from '../report/json.ts';
import { pretty } from '../report/pretty.ts';
import { counts, countWords, currentOf, headline, sentence } from '../report/report.ts';
import { sarif } from '../report/sarif.ts';
import { summary } from '../report/summary.ts';
import { version } from '../version.ts';
import { GitHubCommits } from './base.ts';
import { type Client, connect } from './client.ts';
import { type Context, type Environment, headSha, readContext, selectionOf } from './context.ts';
import { addsMigrations, changedFiles, touchesSupabase } from './files.ts';
import { linksFor } from './links.ts';
import { openPullRequests } from './open-pull-requests.ts';
import { publish } from './publish.ts';
import { advice } from './retry.ts';
import { publishForFork } from './workflow-run.ts';

export type Check = (settings: CheckSettings, io: CheckIo) => Promise<Report>;

/** The contract's exit codes: 0 nothing at or above `fail-on`, 1 findings, 2 wrong usage, 3 the guard could not work. */
export async function run(check: Check, env: Environment): Promise<number> {
  try {
    const inputs = parseInputs(core.getInput);
    hidePasswords(inputs);
    const context = await readContext(env);
    const client = inputs.token
      ? connect({ token: inputs.token, apiUrl: context.apiUrl, log: core.info })
      : null;
    if (context.event === 'workflow_run') return await publishForFork(context, inputs, client, env);
    if (context.event === 'issue_comment') {
      // Brings the rules and the parser, which no other event needs so early.
      const { answer } = await import('./commands.ts');
      return await answer(context, inputs, client, check);
    }
    return await judge({ check, inputs, context, client, env });
  } catch (error) {
    if (error instanceof UsageError || error instanceof CannotCheck) {
      core.error(error.message);
      core.setOutput('verdict', 'incomplete');
      return error instanceof UsageError ? 2 : 3;
    }
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    core.error(
      `The guard itself failed, which is a defect of it and not of your migrations. Please report it with this:\n${detail}`,
    );
    core.setOutput('verdict', 'incomplete');
    return 3;
  }
}

interface Run {
  readonly check: Check;
  readonly inputs: Inputs;
  readonly context: Context;
  readonly client: Client | null;
  readonly env: Environment;
}

async function judge(run: Run): Promise<number> {
  const { inputs, context, client, env } = run;
  const { report, code } = await looked(run);
  const links = linksFor(context, env);

  process.stdout.write(withoutCommands(pretty(report, { colour: true }), randomUUID()));
  const paths = await writeFiles(report, inputs, context, env);
  setOutputs(report, paths);
  if (inputs.annotations) annotate(report);
  await core.summary
    .addRaw(summary(report, links))
    .write()
    .catch((error: Error) => core.info(`The job summary was not written: ${error.message}.`));

  if (client === null) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a workflow's expression, word for word.
    core.info('Nothing was posted: there is no token. Give this step "token: ${{ github.token }}".');
  } else {
    const head = headSha(context);
    const { commentUrl } = await publish({
      client,
      repository: context.repository,
      pullRequest: context.pullRequest,
      head,
      report,
      links,
      origin: { project: inputs.project ?? null, head, run: context.runId },
      comment: inputs.comment,
      review: inputs.review,
      checkName: inputs['check-name'] ?? null,
      headText: (path) => readFile(join(context.workspace, path), 'utf8').catch(() => null),
      log: core.info,
    });
    core.setOutput('comment-url', commentUrl ?? '');
  }
  return code;
}

/** What ends the check early is a report too: it is published like any other. */
async function looked(run: Run): Promise<{ readonly report: Report; readonly code: number }> {
  try {
    const report = await look(run);
    return { report, code: { pass: 0, fail: 1, incomplete: 3 }[report.verdict] };
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof CannotCheck)) throw error;
    core.error(error.message);
    const report = unableReport(error.message, run.inputs['fail-on'] ?? 'error');
    return { report, code: error instanceof UsageError ? 2 : 3 };
  }
}

/** Asks GitHub what only GitHub knows, then checks. A fault there is said and never ends the check. */
async function look({ check, inputs, context, client }: Run): Promise<Report> {
  const { pullRequest, repository } = context;
  let others: History['openPullRequests'] = [];
  if (client !== null && pullRequest !== null && inputs.base === undefined) {
    try {
      const listing = await changedFiles(client, repository, pullRequest.number);
      if (!touchesSupabase(listing)) return nothingToCheck(inputs);
      if (addsMigrations(listing)) others = await openPullRequests(client, repository, pullRequest);
    } catch (error) {
      core.info(`What other pull requests bring was not looked at: ${advice(error, 'pull-requests: read')}.`);
    }
  }
  return check(await settingsOf({ inputs, context, client }, others), {
    progress: (stage) => core.info(`… ${stage}`),
  });
}

async function settingsOf(
  { inputs, context, client }: Pick<Run, 'inputs' | 'context' | 'client'>,
  others: History['openPullRequests'],
): Promise<CheckSettings> {
  const selection =
    inputs.base === undefined
      ? selectionOf(context, await checkoutOf(context), await mergeBaseOf(context, client))
      : ({ kind: 'base', ref: inputs.base } as const);
  return {
    cwd: context.workspace,
    project: inputs.project ?? null,
    everyProject: inputs.project === undefined,
    selection,
    remote: client === null ? null : new GitHubCommits(client, context.repository),
    openPullRequests: others,
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
  };
}

async function checkoutOf(context: Context) {
  const git = await Git.open(context.workspace);
  return git === null ? null : git.commit('HEAD');
}

/** Only needed where the head itself is checked out; without an answer the tip of the base branch serves. */
async function mergeBaseOf(
  { pullRequest, repository, workspace }: Context,
  client: Client | null,
): Promise<string | null> {
  if (pullRequest === null || client === null) return null;
  const git = await Git.open(workspace);
  const checkout = git === null ? null : await git.commit('HEAD');
  if (checkout === null || checkout.parents.length > 1) return null;
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
/** GitHub knows what stands in `secrets`, and not the password within a URL. */
function hidePasswords(inputs: Inputs): void {
  for (const name of ['database-url', 'remote-url'] as const) {
    const url = inputs[name] ?? '';
    const password = URL.canParse(url) ? new URL(url).password : '';
    if (password === '') continue;
    core.setSecret(password);
    core.setSecret(decodeURIComponent(password));
  }
}

const nothingToCheck = (inputs: Inputs): Report => ({
  schemaVersion: 1,
  tool: { name: 'supabase-migration-guard', version },
  verdict: 'pass',
  failOn: inputs['fail-on'] ?? 'error',
  projects: [],
  problem: null,
});

interface Paths {
  readonly report: string;
  readonly sarif: string;
  readonly access: string;
}

async function writeFiles(
  report: Report,
  inputs: Inputs,
  context: Context,
  env: Environment,
): Promise<Paths> {
  const folder = join(env.RUNNER_TEMP ?? context.workspace, 'migration-guard');
  const at = (given: string | undefined, name: string) =>
    given === undefined ? join(folder, name) : resolve(context.workspace, given);
  const paths = {
    report: at(inputs['report-path'], 'report.json'),
    sarif: at(inputs['sarif-path'], 'report.sarif'),
    access: join(folder, 'access.html'),
  };
  const write = async (path: string, content: string) => {
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    } catch (error) {
      throw new UsageError(`"${path}" can't be written: ${error instanceof Error ? error.message : error}.`);
    }
  };
  await write(paths.report, json(report));
  await write(paths.sarif, sarif(report));
  await write(paths.access, html(report));
  return paths;
}

function setOutputs(report: Report, paths: Paths): void {
  const found = counts(currentOf(report));
  core.setOutput('verdict', report.verdict);
  core.setOutput('errors', found.error);
  core.setOutput('warnings', found.warning);
  core.setOutput('infos', found.info);
  core.setOutput('headline', sentence(headline(report)));
  core.setOutput('report-path', paths.report);
  core.setOutput('sarif-path', paths.sarif);
  core.setOutput('access-path', paths.access);
}

function annotate(report: Report): void {
  const { shown, left } = annotations(report);
  for (const annotation of shown) process.stdout.write(`${workflowCommand(annotation)}\n`);
  if (left.length > 0) core.info(`Not annotated: ${countWords(counts(left))}; the job summary lists them.`);
}
