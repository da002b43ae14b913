/**
 * Everything a migration can change, read from the catalog: the schema itself, and what a project may put on the
 * platform's (policies, triggers, grants, buckets, cron jobs, publications, roles and their settings). Deterministic:
 * the same schema gives the same snapshot whatever its oids, whatever rows there are, wherever a sequence stands.
 */
import { createHash } from 'node:crypto';
import { contentOf, type Snapshot } from '../../model/catalog.ts';
import type { Outcome, Session } from '../engine.ts';
import type { CatalogRow, CatalogRows } from './assemble/assembly.ts';
import { assemble } from './assemble.ts';
import { queries, rowQueries } from './queries.ts';

/** What decides how Postgres prints an expression. Set for the questions, and put back as it stood. */
const settings: readonly (readonly [string, string])[] = [
  ['search_path', ''],
  ['datestyle', 'ISO, MDY'],
  ['timezone', 'UTC'],
  ['intervalstyle', 'postgres'],
  ['extra_float_digits', '1'],
  ['bytea_output', 'hex'],
  ['quote_all_identifiers', 'off'],
  ['standard_conforming_strings', 'on'],
];

/** Works in and out of a transaction; the session must see everything (`engine.admin`, or a role that bypasses RLS). */
export async function snapshot(session: Session): Promise<Snapshot> {
  const names = Object.keys(queries) as (keyof typeof queries)[];
  const tables = Object.values(rowQueries).map(
    ({ table }) => `coalesce(has_table_privilege(to_regclass('${table}'), 'select'), false) as "${table}"`,
  );
  const remember = `select ${settings.map(([name]) => `current_setting('${name}') as "${name}"`).join(', ')}`;
  const set = `select ${settings.map(([name, value]) => `set_config('${name}', '${value}', false)`).join(', ')}`;
  const first = await session.batch(
    [remember, set, `select ${tables.join(', ')}`, ...names.map((name) => asJson(queries[name]))],
    { stopOnError: true },
  );
  const [was, , there, ...answers] = first.map(rowsOf);
  const extra = Object.entries(rowQueries).filter(([, { table }]) => there![0]![table] === 't');
  const reset = `select ${settings.map(([name], i) => `set_config('${name}', $${i + 1}, false)`).join(', ')}`;
  const second = await session.batch(
    extra.map(([, { sql }]) => asJson(sql)),
    { stopOnError: true },
  );
  await session.query(
    reset,
    settings.map(([name]) => was![0]![name] ?? ''),
  );
  const rows: Record<string, readonly CatalogRow[]> = Object.fromEntries(
    Object.keys(rowQueries).map((name) => [name, []]),
  );
  names.forEach((name, i) => {
    rows[name] = JSON.parse(answers[i]![0]!.rows!);
  });
  second.map(rowsOf).forEach((answer, i) => {
    rows[extra[i]![0]] = JSON.parse(answer[0]!.rows!);
  });
  return assemble(rows as unknown as CatalogRows);
}

/** One hash for the whole: equal where nothing differs that a snapshot knows. */
export function fingerprint(of: Snapshot): string {
  const hash = createHash('sha256');
  for (const object of of.objects.values()) hash.update(`${object.id}\0${contentOf(object)}\0`);
  return hash.digest('hex');
}

const asJson = (sql: string) => `select coalesce(json_agg(x), '[]')::text as rows from (${sql}) x`;

function rowsOf(outcome: Outcome) {
  if (!outcome.ok) throw outcome.error;
  return outcome.rows;
}
