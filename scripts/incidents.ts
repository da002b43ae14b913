/**
 * Runs the linter, or the whole check, on known mistakes of real projects, as the pull request that brought each would
 * have seen it, and prints which of them a fitting rule finds.
 *
 * usage: node scripts/run.mjs scripts/incidents.ts CLONES LIST.tsv [--check] [--verbose] [id …]
 *
 * CLONES holds git repositories named `owner+name`. The list has a column each for id, repo, class, introducing_files,
 * introducing_commit, objects and evidence. The commit is checked against its first parent; where it does not bring the
 * file (it edits it, or has no parent), the file is taken as the change. A hit is a new finding at error or warning, by a
 * rule that fits the class, that names one of the objects or, for classes about files, stands in the change.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from '../src/check.ts';
import { readShared, toCheckSettings } from '../src/commands/command.ts';
import type { Finding } from '../src/model/finding.ts';
import { loadParser } from '../src/sql/parse.ts';

/** Rules that fit a class of mistake. */
const fitting: Readonly<Record<string, RegExp>> = {
  'insert-spoof':
    /^(access\/(insert-spoof|anon-write|ownership-transfer|escalation|cross-user-write)|rls\/(always-true|tautology|check-union))$/,
  'policy-too-open':
    /^(access\/(anon|cross|insert)|rls\/(always-true|tautology|misnamed|null-user|anonymous))/,
  'privilege-escalation':
    /^(access\/(escalation|ownership-transfer|cross-user-write|definer-function)|rls\/(always-true|user-metadata|check-union))/,
  'definer-function-exposed': /^(functions\/(exposed-definer|revoke-incomplete)|access\/definer-function)$/,
  'rls-disabled': /^(rls\/(disabled|turned-off|policies-without-rls)|access\/anon-(read|write))$/,
  'policy-missing-command':
    /^(rls\/(command-coverage|no-policy|turned-off)|access\/(owner-locked-out|narrowed|policy-error))$/,
  'policy-recursion': /^rls\/recursion$/,
  'apply-failure':
    /^(replay\/failed|structure\/(syntax|policy)|history\/|integrity\/invalid-function|platform\/not-owner)/,
  'destructive-data-loss': /^safety\/|^structure\/create-skipped/,
  'version-duplicate': /^history\/duplicate-version$/,
  'version-out-of-order': /^(history\/|replay\/failed)/,
  'bad-file-name': /^history\/(skipped-file|file-name)$/,
  'grants-missing':
    /^(grants\/missing|functions\/revoke-incomplete|access\/(policy-error|owner-locked-out|service-role-blocked))$/,
  'not-null-or-unique-on-existing-data':
    /^(safety\/(not-null-without-default|unique-constraint)|data\/breaks-on-rows|replay\/failed)$/,
  other:
    /^(api\/upsert-target|structure\/create-skipped|integrity\/invalid-function|history\/edited-migration)$/,
};
const aboutFiles = /^(apply-failure|version-|bad-file-name|destructive|not-null)/;

const words = process.argv.slice(2);
const flags = new Set(words.filter((word) => word.startsWith('--')));
const [folder, list, ...ids] = words.filter((word) => !word.startsWith('--'));
if (folder === undefined || list === undefined) {
  console.error('usage: scripts/incidents.ts DIR LIST.tsv [--check] [--verbose] [id …]');
  process.exit(2);
}

const [head, ...lines] = readFileSync(list, 'utf8').trimEnd().split('\n');
const columns = head!.split('\t');
const incidents = lines.map((line) =>
  Object.fromEntries(line.split('\t').map((value, at) => [columns[at]!, value])),
);

await loadParser();
const tally = new Map<string, { hits: number; all: number }>();
for (const incident of incidents.sort((a, b) => (a.class! < b.class! ? -1 : 1))) {
  if (ids.length > 0 && !ids.includes(incident.id!)) continue;
  const findings = await findingsOf(incident);
  if (findings === null) continue;
  const fits = findings.filter((finding) => isHit(finding, incident));
  const counted = tally.get(incident.class!) ?? { hits: 0, all: 0 };
  tally.set(incident.class!, {
    hits: counted.hits + (fits.length > 0 ? 1 : 0),
    all: counted.all + 1,
  });
  const rules = [...new Set(fits.map(({ rule }) => rule))].join(' ');
  console.log(
    [
      incident.id,
      incident.class,
      incident.evidence,
      fits.length > 0 ? 'hit' : 'MISS',
      rules,
      seenBy(fits),
    ].join('\t'),
  );
  if (flags.has('--verbose')) {
    for (const { severity, rule, file, line, message } of findings) {
      if (severity !== 'info')
        console.log(`    ${severity} ${rule} ${file?.split('/').at(-1)}:${line} ${message}`);
    }
  }
}
console.log('\nclass\tfound\tof');
for (const [name, { hits, all }] of tally) console.log(`${name}\t${hits}\t${all}`);

/** Null where the repository is not at hand. */
async function findingsOf(incident: Record<string, string>): Promise<readonly Finding[] | null> {
  const clone = join(folder!, incident.repo!.replace('/', '+'));
  const git = ['repo/.git', 'repo', '.git', '.'].map((part) => join(clone, part)).find(isGit);
  if (git === undefined) return null;
  const root = mkdtempSync(join(tmpdir(), 'guard-incident-'));
  const run = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  try {
    run('clone', '-q', '--shared', '--no-checkout', git, '.');
    const project = incident.introducing_files!.split('supabase/')[0]!;
    // The application's code too: it says what clients ask for.
    const code = ['ts', 'tsx', 'js', 'jsx', 'vue', 'svelte'].map((ending) => `*.${ending}`);
    run('sparse-checkout', 'set', '--no-cone', `/${join(project, 'supabase')}/`, ...code);
    run('checkout', '-q', incident.introducing_commit!);
    const files = incident.introducing_files!.split(/[\s,;]+/).filter((file) => existsSync(join(root, file)));
    const changed = run('log', '-1', '--first-parent', '-m', '--name-only', '--format=%P', 'HEAD').split(
      '\n',
    );
    const isBrought = files.every((file) => changed.includes(file));
    const inProject = files.map((file) => file.slice(project.length));
    return await findingsIn(join(root, project), isBrought ? { base: 'HEAD^' } : { changed: inProject });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function isGit(path: string): boolean {
  return existsSync(join(path, 'objects')) && existsSync(join(path, 'HEAD'));
}

async function findingsIn(
  root: string,
  change: { readonly base: string } | { readonly changed: readonly string[] },
): Promise<readonly Finding[]> {
  const settled = 'base' in change ? change : { changed: change.changed.map((path) => join(root, path)) };
  const shared = readShared({ project: root, ...settled });
  const terminal = { cwd: root, stdout: process.stdout, stderr: process.stderr, env: {} };
  try {
    const report = await check(toCheckSettings(shared, terminal, flags.has('--check') ? 'all' : 'static'));
    return report.projects.flatMap((project) => project.findings);
  } catch (error) {
    console.error(`${root}: ${error instanceof Error ? error.message : error}`);
    return [];
  }
}

/** How the fitting findings are known. */
function seenBy(fits: readonly Finding[]): string {
  return [...new Set(fits.flatMap(({ evidence }) => evidence))].toSorted().join(' ');
}

function isHit({ severity, rule, object, message }: Finding, incident: Record<string, string>): boolean {
  if (severity === 'info') return false;
  const { class: kind, objects } = incident;
  if (fitting[kind!]?.test(rule) !== true) return false;
  if (aboutFiles.test(kind!)) return true;
  const names = objects!.split(/[\s,/"()]+/).filter((name) => /^[a-z_]{4,}/.test(name));
  return names.some((name) => `${object} ${message}`.toLowerCase().includes(name.toLowerCase()));
}
