/**
 * Function bodies that name what does not exist. Postgres checks a SQL body when the function is made, and a PL/pgSQL body
 * never: here each static statement of it becomes a SQL function of its own, whose parameters are the body's variables,
 * made and taken back. Dynamic SQL, and statements with variables of unknown type, are passed over.
 */
import type { Outcome, Session } from '../database/engine.ts';
import type { SqlError } from '../model/replay.ts';
import type { SyntaxNode } from '../model/sql.ts';
import { parseStatements } from '../sql/parse.ts';
import { type PlpgsqlBody, type PlpgsqlQuery, readPlpgsql } from '../sql/plpgsql-queries.ts';
import { tokenize } from '../sql/tokens.ts';
import { sqlError } from './errors.ts';

export interface CatalogFunction {
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
  /** Tables whose triggers call it. */
  readonly tables: readonly string[];
}

export interface BodyProblem {
  readonly error: SqlError;
  /** 1-based line of the body. */
  readonly bodyLine: number | null;
}

/** Undefined table, column, function; ambiguous column: what no value and no caller can change. */
const certain = new Set(['42P01', '42703', '42883', '42702']);

export async function readFunctions(
  session: Session,
  isPlatformSchema: (schema: string) => boolean,
): Promise<readonly CatalogFunction[]> {
  const [row] = await session.query(`
    select coalesce(json_agg(json_build_object(
      'key', quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
      'schema', n.nspname, 'name', p.proname, 'language', l.lanname, 'body', p.prosrc,
      'definition', pg_get_functiondef(p.oid),
      'searchPath', (select substr(c, 13) from unnest(p.proconfig) c where c like 'search_path=%'),
      'isTrigger', p.prorettype = 'trigger'::regtype, 'isEventTrigger', p.prorettype = 'event_trigger'::regtype,
      'arguments', (select coalesce(json_agg(json_build_object('name', coalesce(p.proargnames[a.n], ''), 'type', format_type(a.type, null),
          'input', coalesce(p.proargmodes[a.n], 'i') in ('i', 'b', 'v')) order by a.n), '[]')
        from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality a(type, n)),
      'tables', (select coalesce(json_agg(distinct t.tgrelid::regclass::text), '[]') from pg_trigger t where t.tgfoid = p.oid and not t.tgisinternal)
    ) order by p.oid), '[]')::text as functions
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
    where p.prokind in ('f', 'p') and l.lanname in ('sql', 'plpgsql') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`);
  const all = JSON.parse(row!.functions!) as CatalogFunction[];
  return all.filter(({ schema }) => !isPlatformSchema(schema));
}

/** What is certainly wrong in a body, a statement at a time. By a superuser's session, no transaction open. */
export async function checkBody(session: Session, routine: CatalogFunction): Promise<readonly BodyProblem[]> {
  await session.exec('begin');
  try {
    await session.exec('set local check_function_bodies = on');
    const path = routine.searchPath ?? '"$user", public, extensions';
    await session.query("select set_config('search_path', $1, true)", [path]);
    if (routine.language === 'sql') {
      const error = await tried(session, routine.definition);
      return error ? [{ error, bodyLine: null }] : [];
    }
    return await checkPlpgsql(session, routine);
  } finally {
    await session.exec('rollback');
  }
}

async function checkPlpgsql(session: Session, routine: CatalogFunction): Promise<readonly BodyProblem[]> {
  const body = readPlpgsql(routine.body);
  if (body === null) return [];
  // A trigger function may serve several tables: wrong is what is wrong for each of them.
  const rows: readonly (string | null)[] =
    routine.isTrigger && routine.tables.length > 0 ? routine.tables : [null];
  let wrong: readonly BodyProblem[] | null = null;
  for (const row of rows) {
    const found: readonly BodyProblem[] = await problemsFor(session, routine, body, row);
    const lines: ReadonlySet<number | null> = new Set(found.map(({ bodyLine }) => bodyLine));
    wrong = wrong === null ? found : wrong.filter(({ bodyLine }) => lines.has(bodyLine));
    if (wrong.length === 0) break;
  }
  return wrong ?? [];
}

interface Parameter {
  readonly name: string;
  readonly type: string;
}

async function problemsFor(
  session: Session,
  routine: CatalogFunction,
  body: PlpgsqlBody,
  row: string | null,
): Promise<readonly BodyProblem[]> {
  const problems: BodyProblem[] = [];
  const { parameters, opaque } = await parametersOf(session, routine, body, row);
  for (const query of body.queries) {
    const tokens = tokenize(query.sql);
    const names = tokens.flatMap((token) =>
      token.kind === 'word' || token.kind === 'identifier' ? [token.text.replaceAll('"', '')] : [],
    );
    if (names.some((name) => opaque.has(name))) continue;
    const problem = await checkQuery(session, routine, body, query, parameters);
    if (problem === null || mayBeVariable(problem, routine.body, query.sql)) continue;
    const missing = /relation "(?:[^".]+\.)?([^".]+)" does not exist/.exec(problem.message)?.[1];
    // A temporary table of its own.
    if (
      missing &&
      new RegExp(`\\btable\\s+(if\\s+not\\s+exists\\s+)?"?${missing}\\b`, 'i').test(routine.body)
    )
      continue;
    problems.push({ error: problem, bodyLine: routine.body.slice(0, query.start).split('\n').length });
  }
  return problems;
}

/** A name without a table that stands elsewhere in the body too may be a variable that was not understood as one. */
function mayBeVariable(problem: SqlError, body: string, sql: string): boolean {
  const name = /^column "([^".]+)" does not exist$/.exec(problem.message)?.[1]?.toLowerCase();
  if (name === undefined) return false;
  const count = (text: string) =>
    (text.toLowerCase().match(/[\p{L}\p{N}_$]+/gu) ?? []).filter((word) => word === name).length;
  return count(body) > count(sql);
}

async function checkQuery(
  session: Session,
  routine: CatalogFunction,
  body: PlpgsqlBody,
  query: PlpgsqlQuery,
  parameters: readonly Parameter[],
): Promise<SqlError | null> {
  const error = await tried(session, probe(routine, parameters, query.sql));
  if (error || body.resolvesConflicts) return error;
  // SQL takes the column where a name is both column and variable; PL/pgSQL refuses.
  const doubtful = unqualifiedColumns(query.sql);
  for (const { name } of parameters) {
    if (!doubtful.has(name)) continue;
    const without = parameters.map((p) => (p.name === name ? { ...p, name: `${name} (not meant)` } : p));
    if (
      (await tried(session, probe(routine, without, query.sql))) === null &&
      (await stands(session, routine, without, query.sql))
    ) {
      return {
        ...emptyError,
        sqlstate: '42702',
        message: `column reference "${name}" is ambiguous`,
        detail: 'It could refer to either a PL/pgSQL variable or a table column.',
      };
    }
  }
  return null;
}

/** True where the statement makes a function without any error at all, certain or not. */
async function stands(
  session: Session,
  routine: CatalogFunction,
  parameters: readonly Parameter[],
  sql: string,
): Promise<boolean> {
  const outcome = await make(session, probe(routine, parameters, sql));
  return outcome.ok;
}

async function parametersOf(
  session: Session,
  routine: CatalogFunction,
  body: PlpgsqlBody,
  row: string | null,
) {
  const opaque = new Set(body.labels);
  const wanted = new Map<string, string>();
  const add = (name: string, type: string) => {
    // Declared twice with different types: which one is meant depends on the block.
    if (wanted.has(name) && wanted.get(name) !== type) opaque.add(name);
    wanted.set(name, type);
  };
  const positional = routine.arguments.filter(({ input }) => input);
  for (const { name, type } of routine.arguments) if (name !== '') add(name, type);
  const special: Record<string, string> = {
    found: 'boolean',
    sqlstate: 'text',
    sqlerrm: 'text',
    ...(routine.isEventTrigger ? { tg_event: 'text', tg_tag: 'text' } : {}),
    ...(routine.isTrigger
      ? {
          tg_name: 'name',
          tg_when: 'text',
          tg_level: 'text',
          tg_op: 'text',
          tg_relid: 'oid',
          tg_relname: 'name',
          tg_table_name: 'name',
          tg_table_schema: 'name',
          tg_nargs: 'integer',
          tg_argv: 'text[]',
        }
      : {}),
  };
  for (const [name, type] of Object.entries(special)) add(name, type);
  for (const name of ['new', 'old']) {
    if (row !== null) add(name, row);
    else if (routine.isTrigger) opaque.add(name);
  }
  for (const { name, type } of body.variables) {
    const other = /^"?(\w+)"?%type$/i.exec(type)?.[1]?.toLowerCase();
    const resolved = other ? wanted.get(other) : type.replace(/%rowtype$/i, '');
    if (!resolved || /^(record|refcursor|alias\b|cursor\b|(no\s+)?scroll\b|exception$)/i.test(resolved))
      opaque.add(name);
    else add(name, resolved);
  }
  for (const name of opaque) wanted.delete(name);
  // $1 and its like count input arguments: those first, named or not.
  const first = positional.map(({ name, type }, i) => ({
    name: name !== '' && wanted.has(name) ? name : `$ ${i + 1}`,
    type,
  }));
  const parameters: Parameter[] = [...first];
  for (const [name, type] of wanted) {
    if (first.some((parameter) => parameter.name === name)) continue;
    const outcome = await make(session, probe(routine, [{ name, type }], 'select'));
    if (outcome.ok) parameters.push({ name, type });
    else opaque.add(name);
  }
  return { parameters, opaque };
}

/** Named as the routine, so that `routine.variable` is understood. */
function probe(routine: CatalogFunction, parameters: readonly Parameter[], sql: string): string {
  const list = parameters.map(({ name, type }) => `${ident(name)} ${type}`).join(', ');
  return `create function pg_temp.${ident(routine.name)}(${list}) returns void language sql as ${literal(sql)}`;
}

async function make(session: Session, sql: string): Promise<Outcome> {
  await session.exec('savepoint body');
  const [outcome] = await session.batch([sql]);
  await session.exec('rollback to savepoint body');
  return outcome!;
}

/** The error, where it is one of the certain ones. */
async function tried(session: Session, sql: string): Promise<SqlError | null> {
  const outcome = await make(session, sql);
  return outcome.ok || !certain.has(outcome.error.sqlstate) ? null : sqlError(outcome.error);
}

/** Columns named without a table, where a variable of that name would stand against them. */
function unqualifiedColumns(sql: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const item of node) visit(item);
    else if (node !== null && typeof node === 'object') {
      const { ColumnRef: reference, infer, ...rest } = node as SyntaxNode;
      if (reference?.fields?.length === 1 && reference.fields[0].String)
        found.add(reference.fields[0].String.sval);
      for (const element of infer?.indexElems ?? [])
        if (element.IndexElem?.name) found.add(element.IndexElem.name);
      for (const [key, value] of Object.entries(rest)) {
        // ORDER BY and GROUP BY look at the output's names first.
        if (key !== 'sortClause' && key !== 'groupClause' && key !== 'distinctClause') visit(value);
      }
    }
  };
  for (const statement of parseStatements(sql) ?? []) visit(statement.node);
  return found;
}

const emptyError: Omit<SqlError, 'sqlstate' | 'message'> = {
  detail: null,
  hint: null,
  position: null,
  where: null,
  schema: null,
  table: null,
  column: null,
  dataType: null,
  constraint: null,
};

const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string =>
  text.includes('\\')
    ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
