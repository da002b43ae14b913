/** Commands that change files of the pull request: worked out anew on its head, then committed, or printed on a fork. */
import type { Git } from '../changes/git.ts';
import type { Inputs } from '../config/inputs.ts';
import type { Report } from '../model/report.ts';
import { UsageError } from '../project/project.ts';
import { block, code } from '../report/escape.ts';
import { GitHubCommits } from './base.ts';
import { baseTip } from './base-tip.ts';
import type { Client } from './client.ts';
import { commitChanges } from './commit.ts';
import type { Context, PullRequest } from './context.ts';
import { changedFiles } from './files.ts';
import { type Changes, changesOf, type HeadFiles, withHead } from './head.ts';
import { type HeadWorkName, headWork } from './head-work.ts';
import type { Check } from './look.ts';

export interface ChangeCommand {
  readonly name: HeadWorkName;
  readonly words: readonly string[];
}

export interface HeadRequest {
  readonly context: Context;
  readonly inputs: Inputs;
  readonly client: Client;
  readonly check: Check;
  readonly pullRequest: PullRequest;
  /** A checkout, for the objects it has. */
  readonly local: Git | null;
}

/** What is answered, and whether it was done. */
export interface Answer {
  readonly done: boolean;
  readonly body: string;
}

export async function changeHead(request: HeadRequest, command: ChangeCommand): Promise<Answer> {
  const { client, context, pullRequest, local } = request;
  const commits = new GitHubCommits(client, context.repository);
  const { changes, what } = await withHead(commits, pullRequest.headSha, local, async (head) => {
    const report = await checkHead(request, head, command.name);
    const done = await headWork[command.name](report, head, command.words);
    return { changes: await changesOf(head), what: done };
  });
  if (changes.size === 0) return { done: false, body: `Nothing to change: ${what}.` };
  if (pullRequest.fork) {
    return {
      done: true,
      body: `This branch lives in a fork, which the guard never writes to. To take over by hand (${what}):\n\n${printed(changes)}`,
    };
  }
  const message = `${subjects[command.name]}\n\nAsked for with /migration-guard ${command.name} in #${pullRequest.number}.`;
  const on = { branch: pullRequest.headRef, head: pullRequest.headSha, message };
  const sha = await commitChanges(client, context.repository, on, changes);
  if (sha === null)
    return { done: false, body: 'The branch has moved meanwhile, so nothing was committed. Ask again.' };
  return {
    done: true,
    body: `Committed ${code(sha.slice(0, 10))}: ${what}.\n\nGitHub starts no workflow for a commit made with the job's own token. Push something, close and reopen the pull request, or give this workflow the token of an app.`,
  };
}

const subjects: Readonly<Record<ChangeCommand['name'], string>> = {
  fix: 'Mend what the migration guard found',
  rename: 'Give migrations a new version',
  rollback: 'Say how the migrations are undone',
  ignore: 'Ignore a finding of the migration guard, with its reason',
};

/** What would be committed, for people to take over by hand. */
const printed = (changes: Changes): string =>
  [...changes]
    .map(([path, content]) =>
      content === null ? `${code(path)} goes.` : `${code(path)}:\n\n${block(content, 'sql')}`,
    )
    .join('\n\n');

/** The pull request's own files as the change, all others as the base; on the embedded engine, whatever is configured. */
async function checkHead(
  { client, context, pullRequest, check, inputs }: HeadRequest,
  { folder, tree }: HeadFiles,
  command: ChangeCommand['name'],
): Promise<Report> {
  const { files } = await changedFiles(client, context.repository, pullRequest.number);
  const changed = files.map(({ path }) => path).filter((path) => tree.has(path) && migration.test(path));
  const projects = new Set(changed.map((path) => migration.exec(path)?.[1] ?? ''));
  const tip = await baseTip(client, context.repository, pullRequest.baseRef, null);
  const reports: Report[] = [];
  for (const project of projects) {
    if (inputs.project !== undefined && normal(inputs.project) !== normal(project)) continue;
    const report = await check(
      {
        cwd: folder,
        project: project === '' ? '.' : project,
        everyProject: false,
        selection: {
          kind: 'changed',
          files: changed.filter((path) => (migration.exec(path)?.[1] ?? '') === project),
        },
        remote: null,
        openPullRequests: [],
        baseTip: tip,
        configFile: null,
        configFromBase: false,
        overrides: { engine: 'embedded' },
        stages: stages[command],
        now: Date.now(),
      },
      { progress: () => {} },
    );
    reports.push(report);
  }
  const [first] = reports;
  if (first === undefined) throw new UsageError('This pull request changes no migration.');
  return { ...first, projects: reports.flatMap((report) => report.projects) };
}

/** Names are known without a database; the way back needs no probes. */
const stages = { fix: 'all', ignore: 'all', rename: 'static', rollback: 'rollback' } as const;

const migration = /^(?:(.*)\/)?supabase\/migrations\/[^/]+\.sql$/;
const normal = (folder: string) => folder.replace(/^\.?\/?|\/$/g, '');
