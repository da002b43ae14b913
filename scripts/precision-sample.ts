/**
 * Draws a seeded sample of the linter's errors and warnings on real projects, for a reader to judge true or false.
 * At most six of a rule and three of a rule in one project are drawn, so that no frequent rule fills the sample: that
 * is the linter, rule by rule. With --plain each finding is as likely as any other: that is what its users see.
 *
 * usage: node scripts/run.mjs scripts/precision-sample.ts --seed N [--size 100] [--plain] --out FILE.tsv PROJECT-FOLDER…
 *
 * FILE.tsv holds one line for each finding, FILE.txt its message, its way out and the SQL around it. Both hold other people's
 * names and SQL and so never lie in this repository.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { check } from '../src/check.ts';
import { readShared, toCheckSettings } from '../src/commands/command.ts';
import type { Finding } from '../src/model/finding.ts';
import { workTreeOf } from '../src/project/work-tree.ts';
import { loadParser } from '../src/sql/parse.ts';

const linesBefore = 3;
const linesShown = 12;

interface Drawn {
  readonly folder: string;
  /** What the files of findings are named from. */
  readonly root: string;
  readonly finding: Finding;
}

const { values, positionals: folders } = parseArgs({
  options: {
    seed: { type: 'string' },
    size: { type: 'string', default: '100' },
    plain: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
  allowPositionals: true,
});
if (values.seed === undefined || values.out === undefined || folders.length === 0) {
  console.error(
    'usage: scripts/precision-sample.ts --seed N [--size 100] [--plain] --out FILE.tsv PROJECT-FOLDER…',
  );
  process.exit(2);
}
const out = resolve(values.out);
const perRule = values.plain ? Infinity : 6;
const perProjectAndRule = values.plain ? Infinity : 3;
if (!relative(process.cwd(), out).startsWith('..')) {
  console.error(`${out} lies in this repository: the sample holds other people's SQL, write it elsewhere`);
  process.exit(2);
}

await loadParser();
const found: Drawn[] = [];
let migrations = 0;
for (const folder of folders) {
  const { seen, findings } = await lint(folder);
  migrations += seen;
  const root = (await workTreeOf(resolve(folder))) ?? folder;
  found.push(...findings.map((finding) => ({ folder, root, finding })));
}
const sample = draw(found, Number(values.size), random(Number(values.seed)));
write(sample);
console.log(
  `${folders.length} projects, ${migrations} migrations, ${found.length} errors and warnings, ${sample.length} drawn`,
);

async function lint(folder: string): Promise<{ seen: number; findings: readonly Finding[] }> {
  const shared = readShared({ all: true, project: folder }, []);
  const settings = toCheckSettings(
    shared,
    { cwd: folder, stdout: process.stdout, stderr: process.stderr, env: {} },
    'static',
  );
  const { projects } = await check(settings);
  const findings = projects.flatMap((project) => project.findings);
  return {
    seen: projects.reduce((sum, project) => sum + project.migrations.length, 0),
    findings: findings.filter(({ severity }) => severity !== 'info'),
  };
}

function draw(all: readonly Drawn[], size: number, next: () => number): readonly Drawn[] {
  const taken = new Map<string, number>();
  const sample: Drawn[] = [];
  for (const one of shuffled(all, next)) {
    if (sample.length === size) break;
    const { rule } = one.finding;
    const here = `${rule} ${one.folder}`;
    if ((taken.get(rule) ?? 0) >= perRule || (taken.get(here) ?? 0) >= perProjectAndRule) continue;
    for (const key of [rule, here]) taken.set(key, (taken.get(key) ?? 0) + 1);
    sample.push(one);
  }
  return sample.sort((a, b) => (a.finding.rule < b.finding.rule ? -1 : 1));
}

/** Fisher and Yates. */
function shuffled<T>(values: readonly T[], next: () => number): T[] {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}

/** Mulberry32: the same numbers for the same seed, everywhere. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function write(sample: readonly Drawn[]): void {
  const rows = ['id\trule\tseverity\tproject\twhere\tobject'];
  const texts: string[] = [];
  for (const [at, { folder, root, finding }] of sample.entries()) {
    const { rule, severity, object, message, help } = finding;
    const row = [at + 1, rule, severity, nameOf(folder), `${finding.file}:${finding.line}`, object ?? ''];
    rows.push(row.join('\t'));
    texts.push(
      `=== ${row.join(' ')}\n${message}\n${help === null ? '' : `${help}\n`}${context(root, finding)}\n`,
    );
  }
  writeFileSync(out, `${rows.join('\n')}\n`);
  writeFileSync(out.replace(/(\.tsv)?$/, '.txt'), texts.join('\n'));
}

/** What tells a folder from the others: several lie in one repository under a name like `apps/api`. */
function nameOf(folder: string): string {
  let shared = dirname(resolve(folders[0]!));
  while (folders.some((other) => relative(shared, resolve(other)).startsWith('..'))) shared = dirname(shared);
  return relative(shared, resolve(folder));
}

function context(root: string, { file, line }: Finding): string {
  if (file === null) return '(no file)';
  const path = join(root, file);
  if (statSync(path).isDirectory()) return `(a folder with ${readdirSync(path).join(', ')})`;
  const lines = readFileSync(path, 'utf8').split('\n');
  const first = Math.max(0, (line ?? 1) - 1 - linesBefore);
  return lines
    .slice(first, first + linesShown)
    .map((text, at) => `${first + at + 1}\t${text}`)
    .join('\n');
}
