/**
 * Mutants of correct schemas: which of those that change what anybody can do does `check` report?
 *
 * usage: npm run sweep -- [--schema NAME,…] [--operator TEXT] [--per N] [--seed N] [--all] [--out FILE.tsv]
 *   --per N     at most N mutants of one operator and schema, drawn by the seed (default 1)
 *   --all       every mutant
 *   --out FILE  one line for each mutant; what stands in it already is not run again, so that a run can be cut off
 *   --again FILE.tsv  only what that table of a former run calls missed
 *   --sum       only add up: usage: npm run sweep -- --sum FILE.tsv…
 *   --verbose   the findings too
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { draw } from '../__tests__/sweep/draw.ts';
import { caught, seenBy } from '../__tests__/sweep/judge.ts';
import { type Mutant, mutantsOf } from '../__tests__/sweep/mutants.ts';
import { compare, laySchema, observe, type Verdict } from '../__tests__/sweep/oracle.ts';
import { readSchemas, type SweepSchema } from '../__tests__/sweep/schemas.ts';
import { openServer } from '../src/database/server.ts';
import { startServer } from './server.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    schema: { type: 'string' },
    operator: { type: 'string' },
    per: { type: 'string', default: '1' },
    seed: { type: 'string', default: '20261126' },
    all: { type: 'boolean', default: false },
    out: { type: 'string' },
    again: { type: 'string' },
    sum: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

/** A line of the table. */
interface Result {
  readonly schema: string;
  readonly mutant: string;
  /** No verdict: the oracle could not say. */
  readonly kind: 'wider' | 'narrower' | 'shifted' | 'same' | 'no verdict';
  readonly found: 'error' | 'warning' | 'change' | 'missed' | 'quiet';
}

const results = (
  values.sum ? positionals : values.out !== undefined && existsSync(values.out) ? [values.out] : []
).flatMap(readResults);
const done = new Set(results.map(({ schema, mutant }) => `${schema} ${mutant}`));
const again =
  values.again === undefined
    ? null
    : new Set(
        readFileSync(values.again, 'utf8')
          .split('\n')
          .map((line) => line.split('\t'))
          .filter(([, , kind, found]) => found === 'missed' || (kind === 'wider' && found === 'change'))
          .map(([schema, name]) => `${schema} ${name}`),
      );
if (!values.sum) await sweep();
summary(results);

async function sweep(): Promise<void> {
  const server = await startServer();
  try {
    if (values.out && results.length === 0) writeFileSync(values.out, 'schema\tmutant\tkind\tfound\trules\n');
    const drawn: [SweepSchema, [Mutant, Verdict | null][]][] = [];
    for (const schema of readSchemas()) {
      if (values.schema !== undefined && !values.schema.split(',').includes(schema.name)) continue;
      const base = await seenBy(schema, null);
      for (const { rule, severity, object, message } of base.findings) {
        if (severity !== 'info')
          console.log(`${schema.name} is not correct: ${severity} ${rule} ${object}: ${message}`);
      }
      drawn.push([schema, await verdictsOf(schema, server.url)]);
    }
    // One of each schema in turn: a run that is cut off has seen all of them.
    const most = Math.max(0, ...drawn.map(([, mutants]) => mutants.length));
    for (let at = 0; at < most; at++) {
      for (const [schema, mutants] of drawn) {
        const next = mutants[at];
        if (next !== undefined) results.push(await judged(schema, ...next));
      }
    }
  } finally {
    await server.stop();
  }
}

function readResults(file: string): Result[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [schema, mutant, kind, found] = line.split('\t');
      return { schema, mutant, kind, found } as Result;
    });
}

async function verdictsOf(schema: SweepSchema, server: string): Promise<[Mutant, Verdict | null][]> {
  const engine = await openServer(server, { statementLimitMs: 20_000, extensions: [] });
  try {
    await laySchema(engine, schema);
    const before = await observe(engine, schema, []);
    const wanted = (await mutantsOf(engine)).filter(
      ({ name }) =>
        name.includes(values.operator ?? '') && (again === null || again.has(`${schema.name} ${name}`)),
    );
    const drawn =
      values.all || again !== null
        ? wanted
        : draw(wanted, Number(values.per), `${values.seed} ${schema.name}`);
    const found: [Mutant, Verdict | null][] = [];
    for (const mutant of drawn) {
      if (done.has(`${schema.name} ${mutant.name}`)) continue;
      const after = await observe(engine, schema, mutant.sql).catch(() => null);
      found.push([mutant, after === null ? null : compare(schema, before, after)]);
    }
    return found;
  } finally {
    await engine.close();
  }
}

async function judged(schema: SweepSchema, mutant: Mutant, verdict: Verdict | null): Promise<Result> {
  const kind =
    verdict === null
      ? 'no verdict'
      : verdict.changed.length === 0
        ? 'same'
        : verdict.wider && verdict.narrower
          ? 'shifted'
          : verdict.wider
            ? 'wider'
            : verdict.narrower
              ? 'narrower'
              : 'shifted';
  const seen =
    verdict === null ? null : await seenBy(schema, mutant.sql).catch((error: Error) => error.message);
  const told =
    seen === null || typeof seen === 'string'
      ? []
      : seen.findings.filter(({ severity }) => severity !== 'info');
  const errors = told.filter(({ severity, rule }) => severity === 'error' && rule.startsWith('access/'));
  const found =
    seen === null || typeof seen === 'string'
      ? 'missed'
      : kind === 'same'
        ? errors.length > 0
          ? 'error'
          : 'quiet'
        : caught(mutant, verdict!, seen);
  const rules =
    typeof seen === 'string'
      ? [seen]
      : told.map(({ rule, severity, object }) => `${severity} ${rule} ${object}`);
  const line = [schema.name, mutant.name, kind, found, rules.join(', ')].join('\t').replaceAll('\n', ' ');
  if (values.out) appendFileSync(values.out, `${line}\n`);
  if (
    values.verbose ||
    found === 'missed' ||
    (kind === 'wider' && found === 'change') ||
    (kind === 'same' && found === 'error')
  ) {
    console.log(line);
    if (values.verbose) {
      for (const { ask, before, after } of verdict?.changed ?? [])
        console.log(`    ${ask.who}: ${ask.sql} ${before} → ${after}`);
    }
  }
  return { schema: schema.name, mutant: mutant.name, kind, found };
}

function summary(all: readonly Result[]): void {
  const kinds = ['wider', 'shifted', 'narrower', 'same', 'no verdict'] as const;
  console.log('\nobservable access\tmutants\terror\twarning\tchange only\tmissed');
  for (const kind of kinds) {
    const those = all.filter((result) => result.kind === kind);
    const count = (found: Result['found']) => those.filter((result) => result.found === found).length;
    console.log(
      [kind, those.length, count('error'), count('warning'), count('change'), count('missed')].join('\t'),
    );
  }
  console.log(`${all.length} mutants of ${new Set(all.map(({ schema }) => schema)).size} schemas`);
}
