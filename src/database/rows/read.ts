/** What tables hold, to be held against what they hold later. */
import type { Session } from '../engine.ts';

export interface TableRows {
  /** By key; where a table has no primary key, by the whole row and how often it has come. */
  readonly rows: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** As Postgres quotes them, by name. */
  readonly columns: ReadonlyMap<string, string>;
  /** Whether a row can be known again after one of its values changed. */
  readonly keyed: boolean;
}

/** By `schema.table`, as Postgres quotes it. */
export type RowsSeen = ReadonlyMap<string, TableRows>;

/** A table with more is left out. */
export const MOST_ROWS = 5_000;

/** Rows that are schema (a snapshot knows them), and what the platform keeps for itself. */
const leftOut = ['storage.buckets', 'storage.migrations', 'cron.job', 'pgmq.meta', 'auth.schema_migrations'];

/** By `Engine.act`'s session: a type of the project's may bring a function that makes JSON of it. Computed columns are left out: they follow the others. */
export async function readRows(session: Session): Promise<RowsSeen> {
  const tables = await session.query(`
    select format('%I.%I', n.nspname, c.relname) as key, c.relkind as kind,
      (select json_agg(json_build_array(a.attname, quote_ident(a.attname)) order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '')::text as columns,
      (select json_agg(a.attname) from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisprimary)::text as primary
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_'
      and n.nspname not in ('information_schema', 'supabase_migrations')`);
  const read = tables.filter(({ key, columns }) => columns !== null && !leftOut.includes(key!));
  const parsed = read.map(({ columns }) => JSON.parse(columns!) as [name: string, quoted: string][]);
  const answers = await session.batch(
    read.map(({ key, kind }, i) => {
      const list = parsed[i]!.map(([, quoted]) => quoted).join(', ');
      return `select coalesce(json_agg(t), '[]')::text as rows from (select ${list} from ${kind === 'r' ? 'only ' : ''}${key} limit ${MOST_ROWS + 1}) t`;
    }),
  );
  const seen = new Map<string, TableRows>();
  for (const [i, { key, primary }] of read.entries()) {
    const answer = answers[i];
    if (!answer?.ok) continue;
    const list = JSON.parse(answer.rows[0]!.rows!) as Record<string, unknown>[];
    if (list.length > MOST_ROWS) continue;
    const keys = primary === null ? null : (JSON.parse(primary!) as string[]);
    seen.set(key!, { rows: byKey(list, keys), columns: new Map(parsed[i]), keyed: keys !== null });
  }
  return seen;
}

function byKey(list: readonly Record<string, unknown>[], keys: readonly string[] | null) {
  const rows = new Map<string, Record<string, unknown>>();
  for (const row of list) {
    const name = JSON.stringify(keys === null ? row : keys.map((key) => row[key]));
    let times = 1;
    while (rows.has(`${name} ${times}`)) times += 1;
    rows.set(`${name} ${times}`, row);
  }
  return rows;
}
