/**
 * What the platform's schemas hold, read from a catalog: names, types, owners, who may do what. Never a body and never an
 * expression beyond a column's default. Read from the public sources' own migrations by scripts/platform-list.ts and from
 * the emulation by __tests__/database/platform.test.ts, so that the two can be held together.
 */
export interface PlatformFacts {
  /** By name; the types of columns as `format_type` prints them. */
  readonly tables: Readonly<Record<string, TableFacts>>;
  /** Signature → what it returns and is. */
  readonly functions: Readonly<Record<string, string>>;
  /** Enumerations by their labels, composite types by their attributes, domains by their base. */
  readonly types: Readonly<Record<string, string>>;
  /** Object → owner and who may do what. */
  readonly rights: Readonly<Record<string, string>>;
}

export interface TableFacts {
  /** Name, type, nullability, default. */
  readonly columns: readonly (readonly [string, string, 'null' | 'not null', string | null])[];
  /** Kind, name and columns of constraints; a foreign key's target and what it does on deletion. */
  readonly constraints: readonly string[];
  /** Names and columns of indexes; `(expression)` and `where …` stand for what is not repeated here. */
  readonly indexes: readonly string[];
  /** Names, times and functions of triggers. */
  readonly triggers: readonly string[];
  readonly rls: boolean;
}

export const platformSchemasListed = [
  'auth',
  'storage',
  'realtime',
  'vault',
  'supabase_functions',
  'supabase_migrations',
] as const;

type Query = (sql: string) => Promise<readonly Record<string, unknown>[]>;

const listed = `n.nspname in (${platformSchemasListed.map((name) => `'${name}'`).join(', ')})`;

/** Grants as "grantee: PRIVILEGES", sorted; the owner's own and those of superuser supabase_admin say nothing. */
const rights = (acl: string, kind: string, owner: string) => `(
  select coalesce(string_agg(grantee || ': ' || privileges, '; ' order by grantee), '') from (
    select case a.grantee when 0 then 'public' else a.grantee::regrole::text end as grantee,
      string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, ' ' order by a.privilege_type) as privileges
    from aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner}))) a
    where a.grantee <> ${owner} and a.grantee <> coalesce((select oid from pg_roles where rolname = 'supabase_admin'), 0)
    group by 1) granted)`;

export async function readPlatformFacts(query: Query): Promise<PlatformFacts> {
  const tables: Record<string, TableFacts> = {};
  for (const row of await query(`
    select n.nspname || '.' || c.relname as name, c.relrowsecurity::text as rls,
      (select coalesce(json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
          case when a.attnotnull then 'not null' else 'null' end, pg_get_expr(d.adbin, d.adrelid)) order by a.attnum), '[]')
        from pg_attribute a left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)::text as columns,
      (select coalesce(json_agg(line order by line), '[]') from (
        select case k.contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key' when 'c' then 'check' else k.contype::text end
          || ' ' || k.conname || ' (' || coalesce((select string_agg(a.attname, ', ' order by a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum = any (k.conkey)), '') || ')'
          || case when k.contype = 'f' then ' to ' || k.confrelid::regclass || case k.confdeltype when 'c' then ' on delete cascade' when 'n' then ' on delete set null' else '' end else '' end as line
        from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'f', 'c')) l)::text as constraints,
      (select coalesce(json_agg(line order by line), '[]') from (
        select x.relname || case when i.indisunique then ' unique' else '' end || ' ' || m.amname || ' ('
          || (select string_agg(coalesce((select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum = key.number and key.number > 0), '(expression)'), ', ' order by key.place)
              from unnest(i.indkey::int2[]) with ordinality key (number, place) where key.place <= i.indnkeyatts)
          || ')' || case when i.indpred is not null then ' where …' else '' end as line
        from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
        where i.indrelid = c.oid and not exists (select from pg_constraint k where k.conindid = x.oid and k.conrelid = c.oid)) l)::text as indexes,
      (select coalesce(json_agg(line order by line), '[]') from (
        select t.tgname || case when t.tgtype & 2 > 0 then ' before' else ' after' end || case when t.tgtype & 4 > 0 then ' insert' else '' end
          || case when t.tgtype & 8 > 0 then ' delete' else '' end || case when t.tgtype & 16 > 0 then ' update' else '' end
          || case when t.tgtype & 32 > 0 then ' truncate' else '' end || case when t.tgtype & 1 > 0 then ' each row' else ' each statement' end
          || ' ' || t.tgfoid::regproc as line
        from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal) l)::text as triggers
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${listed} and c.relkind in ('r', 'p', 'v') and not c.relispartition order by 1`)) {
    tables[String(row.name)] = {
      columns: JSON.parse(String(row.columns)),
      constraints: JSON.parse(String(row.constraints)),
      indexes: JSON.parse(String(row.indexes)),
      triggers: JSON.parse(String(row.triggers)),
      rls: row.rls === 'true' || row.rls === 't',
    };
  }
  const record = async (sql: string) =>
    Object.fromEntries((await query(sql)).map(({ name, value }) => [String(name), String(value)]));
  return {
    tables,
    functions: await record(`
      select n.nspname || '.' || p.proname || '(' || pg_get_function_arguments(p.oid) || ')' as name,
        pg_get_function_result(p.oid) || ', ' || case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end
          || case when p.prosecdef then ', security definer' else '' end as value
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${listed} order by 1`),
    types: await record(`
      select n.nspname || '.' || t.typname as name, case t.typtype
        when 'e' then (select string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
        when 'c' then (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
        else format_type(t.typbasetype, t.typtypmod) end as value
      from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
      where ${listed} and (t.typtype in ('e', 'd') or c.relkind = 'c') order by 1`),
    rights: await record(`
      select 'schema ' || n.nspname as name, n.nspowner::regrole || '; ' || ${rights('n.nspacl', 'n', 'n.nspowner')} as value
      from pg_namespace n where ${listed}
      union all
      select case c.relkind when 'S' then 'sequence ' else 'table ' end || n.nspname || '.' || c.relname,
        c.relowner::regrole || '; ' || case c.relkind when 'S' then ${rights('c.relacl', 's', 'c.relowner')} else ${rights('c.relacl', 'r', 'c.relowner')} end
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${listed} and c.relkind in ('r', 'p', 'v', 'S') and not c.relispartition
      union all
      select 'function ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        p.proowner::regrole || '; ' || ${rights('p.proacl', 'f', 'p.proowner')}
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${listed}
      union all
      select 'type ' || n.nspname || '.' || t.typname, t.typowner::regrole::text
      from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
      where ${listed} and (t.typtype in ('e', 'd') or c.relkind = 'c')
      order by 1`),
  };
}
