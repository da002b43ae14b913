/** What the probes ask the catalog beyond the schema's state: domains, and who may touch which column. */
import type { Session } from '../database/engine.ts';
import type { Command } from '../model/schema.ts';

export interface Domain {
  readonly base: string;
  readonly notNull: boolean;
  readonly checks: readonly string[];
}

export type ApiRole = 'anon' | 'authenticated' | 'service_role';

/** Privileges of the API roles on tables and views: `role command table` to the columns; DELETE lists none. */
export type Privileges = (role: ApiRole, command: Command, relation: string) => readonly string[] | null;

export interface ProbeCatalog {
  readonly domains: ReadonlyMap<string, Domain>;
  readonly privileges: Privileges;
  /** True where any constraint or trigger of the project waits for COMMIT. */
  readonly deferred: boolean;
}

export async function readCatalog(session: Session, schemas: readonly string[]): Promise<ProbeCatalog> {
  const domains = new Map<string, Domain>();
  for (const row of await session.query(`
    select format('%I.%I', n.nspname, t.typname) as type, format_type(t.typbasetype, t.typtypmod) as base, t.typnotnull as notnull,
      (select string_agg(pg_get_constraintdef(c.oid), E'\\n' order by c.conname) from pg_constraint c
        where c.contypid = t.oid and c.contype = 'c') as checks
    from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype = 'd' and n.nspname <> 'information_schema'`)) {
    domains.set(row.type!, {
      base: row.base!,
      notNull: row.notnull === 't' || row.notnull === 'true',
      checks: row.checks?.split('\n') ?? [],
    });
  }
  const rows = await session.query(`
    select format('%I.%I', n.nspname, c.relname) as relation, r.role,
      case when not has_schema_privilege(r.role, n.oid, 'usage') then 'no schema' end as closed,
      has_table_privilege(r.role, c.oid, 'delete') as delete,
      (select string_agg(a.attname, E'\\n' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
        and not a.attisdropped and has_column_privilege(r.role, c.oid, a.attnum, 'select')) as select,
      (select string_agg(a.attname, E'\\n' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
        and not a.attisdropped and has_column_privilege(r.role, c.oid, a.attnum, 'insert')) as insert,
      (select string_agg(a.attname, E'\\n' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
        and not a.attisdropped and has_column_privilege(r.role, c.oid, a.attnum, 'update')) as update
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    cross join (values ('anon'), ('authenticated'), ('service_role')) r (role)
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname in (${schemas.map((s) => `'${s.replaceAll("'", "''")}'`).join(', ')})`);
  const held = new Map<string, readonly string[]>();
  for (const row of rows) {
    if (row.closed !== null) continue;
    for (const command of ['select', 'insert', 'update'] as const) {
      const columns = row[command];
      if (columns) held.set(`${row.role} ${command} ${row.relation}`, columns.split('\n'));
    }
    if (row.delete === 't' || row.delete === 'true') held.set(`${row.role} delete ${row.relation}`, []);
  }
  const [deferrable] = await session.query(`select count(*) as n from pg_trigger where tgdeferrable
    union all select count(*) from pg_constraint where condeferrable order by 1 desc limit 1`);
  return {
    domains,
    deferred: deferrable?.n !== '0',
    privileges: (role, command, relation) => held.get(`${role} ${command} ${relation}`) ?? null,
  };
}
