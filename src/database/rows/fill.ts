/**
 * Rows for tables that are empty: three each, valid, and awkward on purpose. The first has a value in every column, the
 * second repeats it wherever nothing forbids that, the third is null wherever it may be.
 */
import type { Session } from '../engine.ts';
import { type Check, satisfying } from './checks.ts';
import { type ColumnType, sampleOf, suggested } from './values.ts';

export interface Filled {
  /** Tables that were given rows, `schema.table` as Postgres quotes it. */
  readonly filled: readonly string[];
  /** Those that stay empty, and why. */
  readonly empty: readonly { readonly table: string; readonly why: string }[];
}

interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  readonly unique: boolean;
}
interface ForeignKey {
  readonly columns: readonly string[];
  readonly parent: string;
  readonly parentColumns: readonly string[];
}
interface Table {
  readonly key: string;
  readonly hasRows: boolean;
  readonly columns: readonly Column[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly checks: readonly Check[];
}

type Values = Map<string, string | null>;

const CHECK_ATTEMPTS = 12;

/** By a session that bypasses row level security, no transaction being open. Triggers stay silent meanwhile. */
export async function fillTables(
  session: Session,
  isPlatformSchema: (schema: string) => boolean,
): Promise<Filled> {
  const tables = await readTables(session, isPlatformSchema);
  const filled: string[] = [];
  const empty: { table: string; why: string }[] = [];
  const rows = new Map<string, Values[]>();
  await session.exec(
    "begin; set local session_replication_role = replica; set local statement_timeout = '5s'; set local search_path = pg_catalog, public, extensions",
  );
  for (const table of parentsFirst(tables)) {
    if (table.hasRows) {
      rows.set(table.key, await existing(session, table));
      continue;
    }
    const laid: Values[] = [];
    let why = '';
    for (const n of [1, 2, 3] as const) {
      const answer = await layRow(session, table, n, rows);
      if (answer instanceof Map) laid.push(answer);
      else why ||= answer;
    }
    rows.set(table.key, laid);
    if (laid.length > 0) filled.push(table.key);
    else empty.push({ table: table.key, why });
  }
  await session.exec('commit');
  return { filled, empty };
}

async function layRow(
  session: Session,
  table: Table,
  n: 1 | 2 | 3,
  rows: ReadonlyMap<string, readonly Values[]>,
): Promise<Values | string> {
  const values: Values = new Map();
  for (const column of table.columns) {
    if (n === 3 && !column.notNull) values.set(column.name, null);
    else if (n === 3 && column.hasDefault && !column.unique) continue;
    else {
      const value = sampleOf(column.type, column.name, column.unique ? n : 1);
      if (value === null && column.notNull && !column.hasDefault) {
        return `no value is known for column "${column.name}" of type ${column.type.name}`;
      }
      if (value !== null || !column.hasDefault) values.set(column.name, value);
    }
  }
  for (const key of table.foreignKeys) {
    const parents = key.parent === table.key ? [values] : (rows.get(key.parent) ?? []);
    const unique = key.columns.some((name) => table.columns.find((column) => column.name === name)?.unique);
    const parent = parents[unique ? Math.min(n, parents.length) - 1 : 0];
    for (const [i, name] of key.columns.entries()) {
      const column = table.columns.find((found) => found.name === name);
      if (n === 3 && !column?.notNull) continue;
      values.set(
        name,
        parent?.get(key.parentColumns[i]!) ?? (column?.notNull ? (values.get(name) ?? null) : null),
      );
    }
  }

  for (let attempt = 0; attempt < CHECK_ATTEMPTS; attempt += 1) {
    const outcome = await insert(session, table, values);
    if (outcome === null) return values;
    const check = table.checks.find(({ name }) => outcome.constraint === name);
    if (outcome.sqlstate !== '23514' || !check) return outcome.message;
    const change = await satisfying(session, table, check, values, ({ name, type }, hints) =>
      isKeyed(table, name) ? parentValues(table, name, rows) : suggested(type, name, hints, n),
    );
    if (change === null) return outcome.message;
    for (const [name, value] of change) values.set(name, value);
  }
  return 'no row that satisfies its CHECK constraints was found';
}

const isKeyed = ({ foreignKeys }: Table, column: string): boolean =>
  foreignKeys.some(({ columns }) => columns.includes(column));

/** What else a foreign key may point to: `follower_id <> followed_id`. One part of a key of several stays as it is. */
function parentValues(
  table: Table,
  column: string,
  rows: ReadonlyMap<string, readonly Values[]>,
): readonly string[] {
  const keys = table.foreignKeys.filter(({ columns }) => columns.includes(column));
  const [key] = keys;
  if (key === undefined || keys.length > 1 || key.columns.length > 1) return [];
  return (rows.get(key.parent) ?? []).flatMap((parent) => parent.get(key.parentColumns[0]!) ?? []);
}

async function insert(session: Session, table: Table, values: Values) {
  const names = [...values.keys()];
  const list = names.map((name) => {
    const value = values.get(name)!;
    return value === null ? 'null' : `'${value.replaceAll("'", "''")}'`;
  });
  const sql =
    names.length === 0
      ? `insert into ${table.key} default values`
      : `insert into ${table.key} (${names.map(ident).join(', ')}) overriding system value values (${list.join(', ')})`;
  const outcomes = await session.batch(['savepoint row', sql, 'release savepoint row'], {
    stopOnError: true,
  });
  const bad = outcomes.find((outcome) => !outcome.ok);
  if (!bad || bad.ok) return null;
  await session.exec('rollback to savepoint row; release savepoint row');
  return bad.error;
}

async function existing(session: Session, table: Table): Promise<Values[]> {
  const rows = await session.query(`select * from ${table.key} limit 3`);
  return rows.map((row) => new Map(Object.entries(row)));
}

/** Parents before children; where they go round in a circle, as they come. */
function parentsFirst(tables: ReadonlyMap<string, Table>): readonly Table[] {
  const order = new Set<Table>();
  const entered = new Set<Table>();
  const visit = (table: Table) => {
    if (entered.has(table)) return;
    entered.add(table);
    for (const { parent } of table.foreignKeys) {
      const found = tables.get(parent);
      if (found) visit(found);
    }
    order.add(table);
  };
  for (const table of tables.values()) visit(table);
  return [...order];
}

async function readTables(
  session: Session,
  isPlatformSchema: (schema: string) => boolean,
): Promise<ReadonlyMap<string, Table>> {
  // Schemas and types are compared by search_path in format_type and regclass: none but pg_catalog, so that all are spelled out.
  const [answer] = await session.query(`
    with named as (
      select c.oid, c.relkind, n.nspname, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as key
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))
    select coalesce(json_agg(json_build_object(
      'key', t.key, 'schema', t.nspname,
      'columns', (select coalesce(json_agg(json_build_object(
          'name', a.attname, 'notNull', a.attnotnull or ty.typnotnull, 'hasDefault', a.atthasdef or a.attidentity <> '',
          'unique', exists (select from pg_index i where i.indrelid = t.oid and i.indisunique and a.attnum = any (i.indkey)),
          'type', json_build_object('name', format_type(coalesce(base.oid, ty.oid), null), 'kind', coalesce(base.typtype, ty.typtype),
            'array', coalesce(base.typcategory, ty.typcategory) = 'A', 'modifier', greatest(a.atttypmod, ty.typtypmod),
            'labels', (select coalesce(json_agg(e.enumlabel order by e.enumsortorder), '[]') from pg_enum e where e.enumtypid = coalesce(base.oid, ty.oid)))
        ) order by a.attnum), '[]')
        from pg_attribute a join pg_type ty on ty.oid = a.atttypid left join pg_type base on base.oid = nullif(ty.typbasetype, 0)
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''),
      'foreignKeys', (select coalesce(json_agg(json_build_object(
          'parent', (select p.key from named p where p.oid = k.confrelid),
          'columns', (select json_agg(a.attname order by o) from unnest(k.conkey) with ordinality u(n, o) join pg_attribute a on a.attrelid = t.oid and a.attnum = u.n),
          'parentColumns', (select json_agg(a.attname order by o) from unnest(k.confkey) with ordinality u(n, o) join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.n))
        ), '[]') from pg_constraint k where k.conrelid = t.oid and k.contype = 'f' and k.confrelid in (select oid from named)),
      'checks', (select coalesce(json_agg(json_build_object('name', k.conname, 'text', pg_get_constraintdef(k.oid),
          'columns', (select coalesce(json_agg(a.attname), '[]') from pg_attribute a where a.attrelid = t.oid and a.attnum = any (k.conkey)))), '[]')
        from pg_constraint k where k.conrelid = t.oid and k.contype = 'c')
    ) order by t.key), '[]')::text as tables
    from named t`);
  type Read = Omit<Table, 'hasRows'> & { readonly schema: string };
  const read = JSON.parse(answer!.tables!) as Read[];
  const wanted = new Map(read.map((table) => [table.key, table]));
  const tables = new Map<string, Table>();
  const take = async (table: Read, platform: boolean): Promise<void> => {
    if (tables.has(table.key)) return;
    const [row] = await session.query(`select exists (select from ${table.key}) as rows`);
    tables.set(table.key, {
      ...table,
      hasRows: row!.rows === 't',
      // A platform table gets what it can't do without.
      columns: platform
        ? table.columns.filter((column) => (column.notNull && !column.hasDefault) || column.name === 'id')
        : table.columns,
    });
    for (const { parent } of table.foreignKeys) {
      const found = wanted.get(parent);
      if (found) await take(found, isPlatformSchema(found.schema));
    }
  };
  for (const table of read) if (!isPlatformSchema(table.schema)) await take(table, false);
  return tables;
}

const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`;
