/** One run of the action: inputs and event in; report, outputs and exit code out. Never throws. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as core from '@actions/core';
import { CannotCheck } from '../changes/discover.ts';
import { type Inputs, parseInputs } from '../config/inputs.ts';
import type { Report } from '../model/report.ts';
import { unableReport } from '../pipeline/assemble.ts';
import { UsageError } from '../project/project.ts';
import { withoutCommands } from '../report/annotations.ts';
import { pretty } from '../report/pretty.ts';
import { summary } from '../report/summary.ts';
import { connect } from './client.ts';
import { type Environment, headSha, readContext } from './context.ts';
import { linksFor } from './links.ts';
import { type Check, type Looking, look } from './look.ts';
import { annotate, setOutputs, writeFiles } from './outputs.ts';
import { publish } from './publish.ts';
import { publishForFork } from './workflow-run.ts';

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

interface Run extends Looking {
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

/** GitHub knows what stands in `secrets`, and not the password within a URL. */
function hidePasswords(inputs: Inputs): void {
  for (const name of ['database-url', 'remote-url'] as const) {
    const url = inputs[name] ?? '';
    const password = URL.canParse(url) ? new URL(url).password : '';
    if (password === '') continue;
    core.setSecret(password);
    core.setSecret(decoded(password));
  }
}

function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}
