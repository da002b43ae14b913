/** `/migration-guard <command>` in a comment of a pull request, from people who may write to the repository. */
import * as core from '@actions/core';
import { Git } from '../changes/git.ts';
import type { Inputs } from '../config/inputs.ts';
import { nearest } from '../config/load.ts';
import { UsageError } from '../project/project.ts';
import { originOf } from '../report/comment.ts';
import { code, prose, shortened, text } from '../report/escape.ts';
import { ruleById } from '../rules/index.ts';
import { type Answer, type ChangeCommand, changeHead } from './change-head.ts';
import type { Client } from './client.ts';
import { findSticky } from './comment.ts';
import { type Context, type PullRequest, toPullRequest } from './context.ts';
import type { Check } from './look.ts';
import { advice } from './retry.ts';

const names = ['recheck', 'fix', 'rollback', 'explain', 'ignore', 'rename'] as const;
type Name = (typeof names)[number];

export interface Command {
  readonly name: Name;
  readonly words: readonly string[];
}

/** Null where the comment is not for us; a string where it is, and can't be understood. */
export function parseCommand(body: string): Command | string | null {
  const line = body.split(/\r?\n/, 1)[0]!.trim();
  const [slash, name = '', ...words] = line.split(/\s+/);
  if (slash !== '/migration-guard') return null;
  if ((names as readonly string[]).includes(name)) return { name: name as Name, words };
  const near = nearest(name, names);
  return `There is no command ${code(name) || 'without a name'}.${near === null ? '' : ` Did you mean \`${near}\`?`} There are ${names.map((one) => `\`${one}\``).join(', ')}.`;
}

interface Asked {
  readonly context: Context;
  readonly inputs: Inputs;
  readonly client: Client;
  readonly check: Check;
  readonly pullRequest: PullRequest;
  readonly askedAt: string;
}

/** Exit code 0 also where a command is refused: the answer stands in the comment. */
export async function answer(
  context: Context,
  inputs: Inputs,
  client: Client | null,
  check: Check,
): Promise<number> {
  const { comment, issue, action } = context.payload;
  const command =
    action === 'created' && issue?.pull_request ? parseCommand(String(comment?.body ?? '')) : null;
  if (command === null || comment.user?.type === 'Bot') {
    core.info('The comment holds no command for the guard.');
    return 0;
  }
  if (client === null) throw new UsageError('Commands need a token that may write. Give this step "token".');
  const { repository } = context;
  if (!(await mayWrite(client, repository, String(comment.user.login)))) {
    core.info(`"${comment.user.login}" has no write access, so the command was not looked at.`);
    return 0;
  }
  const react = (content: 'eyes' | 'rocket' | 'confused') =>
    client.rest.reactions
      .createForIssueComment({ ...repository, comment_id: comment.id, content })
      .catch((error: unknown) =>
        core.info(`No reaction was left: ${advice(error, 'pull-requests: write')}.`),
      );
  await react('eyes');
  const result = await carryOut(command, context, inputs, client, check);
  await react(result.done ? 'rocket' : 'confused');
  await client.rest.issues.createComment({
    ...repository,
    issue_number: issue.number,
    body: shortened(result.body, 65_000),
  });
  return 0;
}

async function mayWrite(
  client: Client,
  repository: Context['repository'],
  username: string,
): Promise<boolean> {
  const { data } = await client.rest.repos.getCollaboratorPermissionLevel({ ...repository, username });
  // "maintain" is answered as "write", "triage" as "read" (REST docs).
  return data.permission === 'admin' || data.permission === 'write';
}

async function carryOut(
  command: Command | string,
  context: Context,
  inputs: Inputs,
  client: Client,
  check: Check,
): Promise<Answer> {
  if (typeof command === 'string') return { done: false, body: command };
  if (command.name === 'explain') return explain(command.words);
  try {
    const { data } = await client.rest.pulls.get({
      ...context.repository,
      pull_number: context.payload.issue.number,
    });
    const { owner, repo } = context.repository;
    const pullRequest = toPullRequest(data, `${owner}/${repo}`);
    if (pullRequest === null || data.state !== 'open')
      return { done: false, body: 'The pull request is not open.' };
    const asked: Asked = {
      context,
      inputs,
      client,
      check,
      pullRequest,
      askedAt: String(context.payload.comment.created_at),
    };
    if (command.name === 'recheck') return await recheck(asked);
    return await onHead(asked, { name: command.name, words: command.words });
  } catch (error) {
    if (error instanceof UsageError) return { done: false, body: prose(error.message) };
    core.info(`The command failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    return { done: false, body: `This did not work: ${text(advice(error, 'contents: write'))}.` };
  }
}

function explain([id = '']: readonly string[]): Answer {
  const rule = ruleById.get(id);
  if (rule === undefined) {
    const near = nearest(id, [...ruleById.keys()]);
    return {
      done: false,
      body: `There is no rule ${code(id) || 'without a name'}.${near === null ? '' : ` Did you mean \`${near}\`?`}`,
    };
  }
  const parts = [
    `#### ${code(rule.id)}: ${text(rule.summary)}`,
    rule.why.trim(),
    `**What to do.** ${rule.remedy.trim()}`,
  ];
  return { done: true, body: parts.join('\n\n') };
}

async function recheck({ context, inputs, client, pullRequest }: Asked): Promise<Answer> {
  const { repository } = context;
  const target = { ...repository, number: pullRequest.number, project: inputs.project ?? null };
  const known = (await findSticky(client, target))
    .map(({ body }) => originOf(body))
    .find((origin) => origin?.run != null);
  if (known?.run == null) {
    return {
      done: false,
      body: 'The guard has left no comment here that names its run. Run its job again from the checks of this pull request.',
    };
  }
  try {
    await client.rest.actions.reRunWorkflow({ ...repository, run_id: known.run });
    return { done: true, body: 'The check runs again.' };
  } catch (error) {
    return {
      done: false,
      body: `The run could not be started again: ${text(advice(error, 'actions: write'))}.`,
    };
  }
}

/** Acts on the commit that the person saw: the one of our comment, which is older than theirs. */
async function onHead(asked: Asked, command: ChangeCommand): Promise<Answer> {
  const { context, inputs, client, pullRequest, askedAt } = asked;
  const target = { ...context.repository, number: pullRequest.number, project: inputs.project ?? null };
  const sticky = (await findSticky(client, target)).at(-1);
  const origin = sticky === undefined ? null : originOf(sticky.body);
  if (sticky === undefined || origin === null) {
    return {
      done: false,
      body: 'The guard has left no comment here yet, so that nobody can tell which commit you mean. Wait for its first run.',
    };
  }
  const again = 'Look at the newest comment of the guard and ask again.';
  if (origin.head !== pullRequest.headSha) {
    return {
      done: false,
      body: `The branch has changed since: your comment was written to an older commit than ${code(pullRequest.headSha.slice(0, 10))}. ${again}`,
    };
  }
  if (Date.parse(sticky.updatedAt) > Date.parse(askedAt))
    return { done: false, body: `The guard has found something else since you asked. ${again}` };
  return changeHead({ ...asked, local: await Git.open(context.workspace) }, command);
}
