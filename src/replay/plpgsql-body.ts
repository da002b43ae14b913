/**
 * PL/pgSQL bodies that name what does not exist. Postgres looks into none of them before they are called: here each static
 * statement and each expression becomes a SQL function of its own, whose parameters are the body's variables. Dynamic SQL
 * is passed over, and of a record of unknown shape the fields.
 */
import type { Session } from '../database/engine.ts';
import type { SqlError } from '../model/replay.ts';
import type { SyntaxNode } from '../model/sql.ts';
import { parseStatements } from '../sql/parse.ts';
import { type PlpgsqlBody, type PlpgsqlQuery, readPlpgsql } from '../sql/plpgsql-queries.ts';
import { tokenize } from '../sql/tokens.ts';
import { offsetOfCharacter, ownError, sqlError } from './errors.ts';
import type { BodyProblem, CatalogFunction } from './functions.ts';
import { certain, isMadeIn, lineOf, make } from './sql-body.ts';

interface Found extends BodyProblem {
  readonly query: PlpgsqlQuery;
}

/** Null where the body can't be made out. */
export async function checkPlpgsql(
  session: Session,
  routine: CatalogFunction,
): Promise<readonly BodyProblem[] | null> {
  const body = readPlpgsql(routine.body);
  if (body === null) return null;
  if (!routine.isTrigger || routine.tables.length === 0) {
    return (await problemsFor(session, routine, body, null)).map(withoutQuery);
  }
  const perTable: (readonly Found[])[] = [];
  const faultless = new Set<string>();
  for (const { table, shape } of await rowShapes(session, routine)) {
    const found = faultless.has(shape) ? [] : await problemsFor(session, routine, body, table);
    if (found.length === 0) faultless.add(shape);
    perTable.push(found);
  }
  // It may ask which table it serves: wrong is what is wrong for each of them, or what every call comes to.
  const everywhere = perTable[0]!.filter(({ query }) =>
    perTable.every((found) => found.some((other) => other.query === query)),
  );
  const somewhere = perTable.flatMap((found, i) =>
    found
      .filter((problem) => problem.query.always && !everywhere.some(({ query }) => query === problem.query))
      .map((problem) => ({ ...problem, table: routine.tables[i]! })),
  );
  return [...everywhere, ...somewhere].sort((a, b) => a.query.start - b.query.start).map(withoutQuery);
}

/**
 * Each table with what the body can see of its rows: the columns it names and their types, or all columns where it takes
 * a row whole. What is right for one table is right for every other of that shape.
 */
async function rowShapes(session: Session, { body, tables }: CatalogFunction) {
  const words = tokenize(body.toLowerCase());
  const isText = (at: number, pattern: RegExp) => pattern.test(words[at]?.text ?? '');
  const whole = words.some(
    (_, at) => isText(at, /^"?(new|old)"?$/) && !isText(at + 1, /^\.$/) && !isText(at - 1, /^return$/),
  );
  const named = new Set(words.map(({ text }) => text.replaceAll('"', '')));
  const columns = await session.query(
    `select t.name, json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) order by a.attnum) as columns
    from json_array_elements_text($1::json) t(name)
    join pg_attribute a on a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped
    group by t.name`,
    [JSON.stringify(tables)],
  );
  const of = new Map(columns.map((row) => [row.name, JSON.parse(row.columns!) as [string, string][]]));
  return tables.map((table) => {
    const seen = (of.get(table) ?? []).filter(([name]) => whole || named.has(name.toLowerCase()));
    return { table, shape: JSON.stringify(seen) };
  });
}

const withoutQuery = ({ query: _, ...problem }: Found): BodyProblem => problem;

/** `row`: the table whose rows NEW and OLD are. */
async function problemsFor(
  session: Session,
  routine: CatalogFunction,
  body: PlpgsqlBody,
  row: string | null,
): Promise<readonly Found[]> {
  const { parameters, opaque } = await parametersOf(session, routine, body, row);
  const looksFirst = looksAround(routine);
  const counts = routine.arguments.some(({ type }) => takesAnything(type));
  const found: Found[] = [];
  for (const query of body.queries) {
    if (counts && /\$\d/.test(query.sql)) continue;
    if (looksFirst && !query.always) continue;
    const sql = withoutRecords(query.sql, opaque);
    if (sql === null) continue;
    const problem = await checkQuery(session, routine, body, sql, parameters);
    if (problem === null || isMadeIn(routine, problem.error)) continue;
    // Of a field that is not known the type is not known either, and with it which function is meant.
    if (sql !== query.sql && problem.error.sqlstate === '42883') continue;
    const caught = catches(query.caught, problem.error);
    if (caught === 'meant') continue;
    const line = lineOf(routine.body, query.start) + lineOf(sql, problem.offset) - 1;
    found.push({
      error: problem.error,
      bodyLine: line,
      table: null,
      swallowed: caught === 'swallowed',
      query,
    });
  }
  return found;
}

/** A body that asks the catalog: what it does depends on what it finds there. */
export const looksAround = ({ body }: CatalogFunction): boolean =>
  /\bto_reg\w+\s*\(|\binformation_schema\b|\bpg_[a-z]+\b/i.test(body);

/** Of a function with a polymorphic argument Postgres reads no body before its call. */
export const takesAnything = (type: string): boolean => /^any/.test(type);

const conditions: Readonly<Record<string, string>> = {
  '42P01': 'undefined_table',
  '42703': 'undefined_column',
  '42883': 'undefined_function',
  '42702': 'ambiguous_column',
};

/** A handler for just this is meant; one for everything hides it. */
export function catches(caught: readonly string[], { sqlstate }: SqlError): 'meant' | 'swallowed' | null {
  const own = [
    conditions[sqlstate],
    'syntax_error_or_access_rule_violation',
    `sqlstate '${sqlstate.toLowerCase()}'`,
  ];
  if (caught.some((condition) => own.includes(condition))) return 'meant';
  return caught.includes('others') ? 'swallowed' : null;
}

/** With NULL for each field of a record whose shape is not known; null where such a record is used as a whole. */
function withoutRecords(sql: string, opaque: ReadonlySet<string>): string | null {
  if (opaque.size === 0) return sql;
  const tokens = tokenize(sql);
  const isName = (at: number) => tokens[at]?.kind === 'word' || tokens[at]?.kind === 'identifier';
  let result = '';
  let end = 0;
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]!;
    if (!isName(at) || !opaque.has(token.text.replaceAll('"', ''))) continue;
    if (tokens[at - 1]?.text === '.') continue;
    if (tokens[at + 1]?.text !== '.' || !isName(at + 2) || tokens[at + 3]?.text === '(') return null;
    result += `${sql.slice(end, token.start)}null`;
    end = tokens[at + 2]!.end;
    at += 2;
  }
  return result + sql.slice(end);
}

interface QueryProblem {
  readonly error: SqlError;
  /** UTF-16, in the query. */
  readonly offset: number;
}

async function checkQuery(
  session: Session,
  routine: CatalogFunction,
  body: PlpgsqlBody,
  sql: string,
  parameters: readonly Parameter[],
): Promise<QueryProblem | null> {
  const tried = probe(routine, parameters, sql);
  const outcome = await make(session, tried.sql);
  if (!outcome.ok) {
    if (!certain.has(outcome.error.sqlstate)) return null;
    const error = sqlError(outcome.error);
    const offset = error.position === null ? 0 : offsetOfCharacter(tried.sql, error.position) - tried.start;
    return { error: asPlpgsqlSays(error, sql, offset, parameters), offset };
  }
  if (body.resolvesConflicts) return null;
  // SQL takes the column where a name is both column and variable; PL/pgSQL refuses.
  const doubtful = unqualifiedColumns(sql);
  for (const { name } of parameters) {
    if (!doubtful.has(name)) continue;
    const without = parameters.map((p) => (p.name === name ? { ...p, name: `${name} (not meant)` } : p));
    if (!(await make(session, probe(routine, without, sql).sql)).ok) continue;
    const detail = 'It could refer to either a PL/pgSQL variable or a table column.';
    const error = { ...ownError('42702', `column reference "${name}" is ambiguous`), detail };
    const offset = tokenize(sql).find(({ text }) => text.replaceAll('"', '') === name)?.start ?? 0;
    return { error, offset };
  }
  return null;
}

/** SQL looks for a table where the variable has no such field; PL/pgSQL names the field. */
function asPlpgsqlSays(
  error: SqlError,
  sql: string,
  offset: number,
  parameters: readonly Parameter[],
): SqlError {
  const variable = /^missing FROM-clause entry for table "([^"]+)"$/.exec(error.message)?.[1];
  if (variable === undefined || !parameters.some(({ name }) => name === variable)) return error;
  const field = /^"?[^".\s]+"?\s*\.\s*"?([^"\s,;().:]+)/.exec(sql.slice(offset))?.[1];
  if (field === undefined) return error;
  return ownError('42703', `record "${variable}" has no field "${field.toLowerCase()}"`);
}

interface Parameter {
  readonly name: string;
  readonly type: string;
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
  const positional = routine.arguments.filter(({ input, type }) => input && !takesAnything(type));
  for (const { name, type } of routine.arguments) {
    if (takesAnything(type)) opaque.add(name);
    else if (name !== '') add(name, type);
  }
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
  const others = [...wanted]
    .map(([name, type]) => ({ name, type }))
    .filter(({ name }) => !first.some((parameter) => parameter.name === name));
  const fits = async (list: readonly Parameter[]) =>
    (await make(session, probe(routine, list, 'select').sql)).ok;
  // Nearly always all of them can be parameters; one by one only where Postgres refuses a type.
  if (await fits(others)) return { parameters: [...first, ...others], opaque };
  const parameters: Parameter[] = [...first];
  for (const other of others) {
    if (await fits([other])) parameters.push(other);
    else opaque.add(other.name);
  }
  return { parameters, opaque };
}

/** Named as the routine, so that `routine.variable` is understood. `start`: where the query stands in it. */
function probe(
  routine: CatalogFunction,
  parameters: readonly Parameter[],
  query: string,
): { readonly sql: string; readonly start: number } {
  const list = parameters.map(({ name, type }) => `${ident(name)} ${type}`).join(', ');
  let tag = '$body$';
  for (let i = 1; query.includes(tag); i += 1) tag = `$body${i}$`;
  const head = `create function pg_temp.${ident(routine.name)}(${list}) returns void language sql as ${tag}`;
  return { sql: `${head}${query}${tag}`, start: head.length };
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

const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`;
