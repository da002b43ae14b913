/** Writes docs/rules from the rules and their cases, and the configuration's and report's pages from their schemas. usage: npm run docs [-- --check] */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listCases } from '../__tests__/support/cases.ts';
import { parseFixture } from '../__tests__/support/fixture.ts';
import { rules } from '../src/rules/index.ts';
import type { Rule } from '../src/rules/rule.ts';
import { configurationPages } from './docs-configuration.ts';

const folder = 'docs/rules';
const cases = listCases();

const evidence = {
  static: 'the SQL itself',
  replay: 'the replay in Postgres',
  catalog: 'the catalog after the replay',
  probe: 'the access probes',
  rollback: 'the rollback, run',
};

function page(rule: Rule): string {
  const { id, summary, why, remedy, severity, sources, fixable, since, options } = rule;
  const paths = cases.get(id) ?? [];
  const shown = (prefix: string) => paths.filter((path) => path.split('/').at(-1)!.startsWith(prefix));
  const level = (name: string) => (name === 'off' ? 'off' : `**${name}**`);
  return [
    `# ${id}`,
    '',
    `> ${sentence(summary)}`,
    '',
    '| | |',
    '|---|---|',
    `| recommended | ${level(severity.recommended)} |`,
    `| strict | ${level(severity.strict)} |`,
    `| evidence | ${rule.evidence.map((kind) => evidence[kind]).join(', ')} |`,
    `| fix | ${fixable ? 'offered where the text is certain (`migration-guard lint --fix`)' : 'by hand'} |`,
    `| since | ${since} |`,
    '',
    '## Why it matters',
    '',
    why,
    '',
    '## What to do',
    '',
    remedy,
    '',
    ...(options === undefined ? [] : ['## Options', '', ...optionLines(rule), '']),
    ...examples('Found', shown('fail-')),
    ...examples('Silent', shown('pass-')),
    ...(sources.length === 0 ? [] : ['## Sources', '', ...sources.map((source) => `- <${source}>`), '']),
    '## Accept a finding',
    '',
    '```sql',
    `-- guard-ignore ${id}: say why`,
    '```',
    '',
    '---',
    '',
    `*Written by \`npm run docs\` from [the rule](../../../src/rules/${id}.ts) and [its cases](../../../fixtures/rules/${id}).*`,
    '',
  ].join('\n');
}

function optionLines({ id, options }: Rule): string[] {
  const lines = Object.entries(options ?? {}).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`);
  return ['```yaml', 'rules:', `  ${id}:`, ...lines, '```'];
}

function examples(title: string, paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  const blocks = paths.flatMap((path) => {
    const name = path
      .split('/')
      .at(-1)!
      .replace(/^(fail|pass)-/, '')
      .replace(/\.sql$/, '')
      .replaceAll('-', ' ');
    const { sql, skipped, expected } = parseFixture(path, readFileSync(path, 'utf8'));
    const text = [...skipped.map((file) => `-- supabase/migrations/${file}`), sql].join('\n').trim();
    const graded = [...new Set(expected.map(({ severity }) => severity).filter((s) => s !== null))];
    const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length + 1)));
    return [
      `*${name}*${graded.length > 0 ? ` (${graded.join(', ')})` : ''}`,
      '',
      `${fence}sql`,
      text,
      fence,
      '',
    ];
  });
  return [`## ${title}`, '', ...blocks];
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function index(): string {
  const categories = new Map<string, Rule[]>();
  for (const rule of [...rules].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const category = rule.id.split('/')[0]!;
    categories.set(category, [...(categories.get(category) ?? []), rule]);
  }
  const lines = ['# Rules', '', `${rules.length} rules. Written by \`npm run docs\`.`, ''];
  for (const [category, members] of categories) {
    lines.push(
      `## ${category}`,
      '',
      '| rule | recommended | strict | evidence | fix | finds |',
      '|---|---|---|---|---|---|',
    );
    for (const { id, severity, evidence: kinds, fixable, summary } of members) {
      lines.push(
        `| [${id}](${id}.md) | ${severity.recommended} | ${severity.strict} | ${kinds.join(', ')} | ${fixable ? 'yes' : ''} | ${summary.replaceAll('|', '\\|')} |`,
      );
    }
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

const wanted = new Map([
  [join(folder, 'README.md'), index()],
  ...rules.map((rule): [string, string] => [join(folder, `${rule.id}.md`), page(rule)]),
  ...configurationPages().map(({ path, text }): [string, string] => [path, text]),
]);
const present = existsSync(folder)
  ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name))
  : [];
const stale = [...wanted].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
const extra = present.filter((path) => !wanted.has(path));

if (process.argv.includes('--check')) {
  if (stale.length + extra.length > 0) {
    console.error(`Stale: ${[...stale.map(([path]) => path), ...extra].join(', ')}\nRun "npm run docs".`);
    process.exit(1);
  }
  console.log(`${wanted.size} pages are fresh`);
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  for (const path of extra) rmSync(path);
  console.log(`${stale.length} of ${wanted.size} pages written, ${extra.length} removed`);
}
