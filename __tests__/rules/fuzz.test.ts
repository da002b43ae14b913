/** Migrations nobody would write: no crash, no hang, positions inside the file. More with FUZZ_RUNS=10000. */
import { readFileSync } from 'node:fs';
import type { Finding } from '../../src/model/finding.ts';
import { judge } from '../../src/rules/engine.ts';
import { loadParser } from '../../src/sql/parse.ts';
import { listCases } from '../support/cases.ts';
import { factsOf } from '../support/facts.ts';
import { parseFixture } from '../support/fixture.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 250);
const seed = Number(process.env.FUZZ_SEED ?? 20261123);
const limitMs = 2000;

/** mulberry32: small, seeded, the same everywhere. */
function randomFrom(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const texts = [...listCases().values()]
  .flat()
  .map((path) =>
    readFileSync(path, 'utf8').replace(
      /^-- (expect|config|replay|rollback|base|head|file|edited|removed|skipped|remote|open-pull-request|base-tip|unfixed)\b.*$/gm,
      '',
    ),
  );

function mutate(random: () => number): string {
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const at = (text: string) => below(text.length + 1);
  const insert = (text: string, what: string) => {
    const offset = at(text);
    return text.slice(0, offset) + what + text.slice(offset);
  };
  const mutations: readonly ((text: string) => string)[] = [
    (text) => text.slice(0, at(text)),
    (text) => text.slice(at(text)),
    (text) => text.slice(0, at(text)) + pick(texts).slice(below(200)),
    (text) => text + pick(texts),
    (text) => insert(text, String.fromCharCode(below(65536))),
    (text) => insert(text, String.fromCharCode(below(32))),
    (text) => insert(text, '😀é\u2028'),
    (text) => insert(text, '('.repeat(1 + below(400))),
    (text) => insert(text, `select ${'('.repeat(300)}1${')'.repeat(300)};`),
    (text) => insert(text, `'${'x'.repeat(below(200_000))}'`),
    (text) =>
      insert(
        text,
        pick(["'", '"', '$$', '$x$', '/*', '--', ';', '\\', '\r\n', '*/', 'do $$ begin ', ' end $$;']),
      ),
    (text) =>
      text.replace(/\w+/g, (word) =>
        random() < 0.05 ? pick(['table', 'null', '"', 'public', '1', 'if not exists']) : word,
      ),
    (text) => text.replaceAll('\n', '\r\n'),
    (text) => `do $$ begin\n${text}\nend $$;`,
    (text) => `\uFEFF${text}`,
  ];
  let text = pick(texts);
  for (let n = 1 + below(3); n > 0; n -= 1) text = pick(mutations)(text);
  return text;
}

function outside(finding: Finding, text: string): string | null {
  const { rule, line, column, endLine, endColumn } = finding;
  if (line === null || column === null || endLine === null || endColumn === null) return null;
  const lines = text.split('\n');
  const inside = (l: number, c: number) =>
    l >= 1 && l <= lines.length && c >= 1 && c <= lines[l - 1]!.length + 1;
  const forward = endLine > line || (endLine === line && endColumn >= column);
  return inside(line, column) && inside(endLine, endColumn) && forward
    ? null
    : `${rule} at ${line}:${column}-${endLine}:${endColumn}`;
}

beforeAll(loadParser);

test(`${runs} mutated migrations (seed ${seed}) are judged without a crash, a hang or a position outside the file`, () => {
  const random = randomFrom(seed);
  const wrong: string[] = [];
  for (let run = 0; run < runs; run += 1) {
    const text = mutate(random);
    const started = performance.now();
    const fixture = {
      ...parseFixture('fuzz', 'select 1;'),
      head: [{ name: '20260101000000_change.sql', text }],
    };
    try {
      const { findings, failed } = judge(factsOf(fixture), fixture.settings);
      const problems = [
        ...failed.map(({ rule, message }) => `${rule} threw: ${message}`),
        ...findings.map((finding) => outside(finding, text)).filter((problem) => problem !== null),
      ];
      for (const problem of problems) wrong.push(`run ${run}: ${problem}\n${text.slice(0, 300)}`);
    } catch (error) {
      wrong.push(`run ${run}: ${error instanceof Error ? error.stack : error}\n${text.slice(0, 300)}`);
    }
    const took = performance.now() - started;
    if (took > limitMs) wrong.push(`run ${run}: took ${Math.round(took)} ms for ${text.length} characters`);
    if (wrong.length > 5) break;
  }
  expect(wrong).toEqual([]);
}, 1_200_000);
