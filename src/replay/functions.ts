/** The functions a database holds, and what is wrong with their bodies. */
import type { Session } from '../database/engine.ts';
import type { SqlError } from '../model/replay.ts';
import { checkPlpgsql } from './plpgsql-body.ts';
import type { PlpgsqlCheck } from './plpgsql-check.ts';
import { checkByMaking } from './sql-body.ts';

export interface CatalogFunction {
  readonly oid: string;
  /** `public.f(uuid)`. */
  readonly key: string;
  readonly schema: string;
  readonly name: string;
  readonly language: string;
  readonly body: string;
  readonly definition: string;
  readonly searchPath: string | null;
  readonly isTrigger: boolean;
  readonly isEventTrigger: boolean;
  readonly arguments: readonly { readonly name: string; readonly type: string; readonly input: boolean }[];
  /** Tables whose triggers call it, as `public.t`. */
  readonly tables: readonly string[];
  /** Names under which those triggers hand it the rows before and after. */
  readonly transitions: readonly string[];
}

export interface BodyProblem {
  readonly error: SqlError;
  /** 1-based line of the body. */
  readonly bodyLine: number | null;
  /** Of a trigger function: the table whose rows it fails on, where it serves others too. */
  readonly table: string | null;
  /** A handler in the body catches it: the call does not fail, and what it was to do is not done. */
  readonly swallowed: boolean;
}

/** Types and tables with their schemas, whatever search path a function sets. No transaction open. */
export async function readFunctions(
  session: Session,
  isPlatformSchema: (schema: string) => boolean,
): Promise<readonly CatalogFunction[]> {
  const [, , read] = await session.batch(['begin', "set local search_path = ''", functionsSql, 'rollback']);
  if (!read!.ok) throw read!.error;
  const all = JSON.parse(read!.rows[0]!.functions!) as CatalogFunction[];
  return all.filter(({ schema }) => !isPlatformSchema(schema));
}

const functionsSql = `
    select coalesce(json_agg(json_build_object(
      'oid', p.oid::text, 'key', quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
      'schema', n.nspname, 'name', p.proname, 'language', l.lanname, 'body', p.prosrc,
      'definition', pg_get_functiondef(p.oid),
      'searchPath', (select substr(c, 13) from unnest(p.proconfig) c where c like 'search_path=%'),
      'isTrigger', p.prorettype = 'trigger'::regtype, 'isEventTrigger', p.prorettype = 'event_trigger'::regtype,
      'arguments', (select coalesce(json_agg(json_build_object('name', coalesce(p.proargnames[a.n], ''), 'type', format_type(a.type, null),
          'input', coalesce(p.proargmodes[a.n], 'i') in ('i', 'b', 'v')) order by a.n), '[]')
        from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality a(type, n)),
      'tables', (select coalesce(json_agg(distinct t.tgrelid::regclass::text), '[]') from pg_trigger t where t.tgfoid = p.oid and not t.tgisinternal),
      'transitions', (select coalesce(json_agg(distinct r.name), '[]') from pg_trigger t, unnest(array[t.tgoldtable, t.tgnewtable]) r(name)
        where t.tgfoid = p.oid and r.name is not null)
    ) order by p.oid), '[]')::text as functions
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
    where p.prokind in ('f', 'p') and l.lanname in ('sql', 'plpgsql') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`;

/**
 * What is certainly wrong in a body, a statement at a time; null where it can't be made out. `second` is asked where the
 * first look finds nothing. By `Engine.act`'s session, no transaction open.
 */
export async function checkBody(
  session: Session,
  routine: CatalogFunction,
  second: PlpgsqlCheck | null,
): Promise<readonly BodyProblem[] | null> {
  await session.exec('begin');
  try {
    await session.exec('set local check_function_bodies = on');
    // A caller's search path may hold the function's own schema: PostgREST's holds the schema it is called in.
    const path = routine.searchPath ?? `"$user", ${ident(routine.schema)}, public, extensions`;
    await session.query("select set_config('search_path', $1, true)", [path]);
    if (routine.language === 'sql') return await checkByMaking(session, routine);
    const read = await checkPlpgsql(session, routine);
    // Made while check_function_bodies was off, it may be no PL/pgSQL at all.
    const found = read ?? (await checkByMaking(session, routine));
    if (found.length > 0) return found;
    return (await second?.check(session, routine)) ?? read;
  } finally {
    await session.exec('rollback');
  }
}

const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`;
