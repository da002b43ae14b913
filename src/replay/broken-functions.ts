/** Which functions are broken after the changed migrations and were not before. */
import type { Session } from '../database/engine.ts';
import { platformSchemas } from '../database/platform/index.ts';
import type { NotChecked } from '../model/finding.ts';
import type { BrokenFunction } from '../model/replay.ts';
import type { Blame } from './blame.ts';
import type { MigrationFile } from './file.ts';
import { type BodyProblem, type CatalogFunction, checkBody, readFunctions } from './functions.ts';
import { type Missing, missingIn, namesOf } from './names.ts';
import type { PlpgsqlCheck } from './plpgsql-check.ts';

export interface FunctionsInput {
  /** `Engine.act`'s, no transaction open. */
  readonly session: Session;
  /** The changed files. */
  readonly files: readonly MigrationFile[];
  /** `functionLooks` before them. */
  readonly before: FunctionLooks;
  readonly blame: Blame;
  readonly second: PlpgsqlCheck | null;
}

export interface FunctionsSeen {
  readonly broken: readonly BrokenFunction[];
  readonly notChecked: readonly NotChecked[];
}

/** Bodies of functions that changed, or that name what a changed migration drops. */
export async function brokenFunctions(input: FunctionsInput): Promise<FunctionsSeen> {
  const { session, files, before, blame, second } = input;
  const statements = files.flatMap(({ source }) => source.statements);
  if (statements.length === 0) return { broken: [], notChecked: [] };
  const dropped = new Set(statements.flatMap((statement) => [...namesOf(statement).drops]));
  const everDropped = blame.dropped();
  const broken: BrokenFunction[] = [];
  const notChecked: NotChecked[] = [];
  for (const routine of await readFunctions(session, (schema) => platformSchemas.has(schema))) {
    const old = before.get(routine.key);
    const redefined = old?.definition !== routine.definition;
    const newTables = routine.tables.filter((table) => !old?.tables.includes(table));
    const changed = redefined || newTables.length > 0;
    if (!changed && !mentions(routine, dropped)) continue;
    if (!redefined && blame.shouldBeGone(routine.name)) continue;
    const problems = await checkBody(session, routine, second);
    if (problems === null) {
      if (changed) notChecked.push(unread(files, routine));
      continue;
    }
    const isOld = ({ table }: BodyProblem) =>
      !redefined && changed && table !== null && !newTables.includes(table);
    const problem = problems.find((each) => blame.excuse(each.error) === null && !isOld(each));
    if (!problem) continue;
    const missing = missingIn(problem.error);
    if (!changed && !isDropped(missing, dropped)) continue;
    const names =
      missing === null ? [] : [missing.name, ...(missing.table ? [`${missing.table}.${missing.name}`] : [])];
    // Made by some migration, and dropped by none that can be read: dynamic SQL, or a temporary table of the caller's.
    if (!missing?.column && names.some((name) => blame.made.has(name) && !everDropped.has(name))) continue;
    const place = placeOf(files, routine, problem.bodyLine);
    broken.push({
      ...problem,
      function: routine.key,
      ...(place.path === null ? takenAt(files, missing) : place),
    });
  }
  return { broken, notChecked };
}

function unread(files: readonly MigrationFile[], routine: CatalogFunction): NotChecked {
  const { path, line } = placeOf(files, routine, null);
  return {
    what: `The body of function "${routine.key}"`,
    why: 'The guard does not understand its PL/pgSQL, and Postgres looks at it only when it is called.',
    file: path,
    line,
  };
}

/** By key, what a body's correctness hangs on in the function itself: its definition, and the tables it is a trigger of. */
export type FunctionLooks = ReadonlyMap<string, Pick<CatalogFunction, 'definition' | 'tables'>>;

export async function functionLooks(session: Session): Promise<FunctionLooks> {
  const routines = await readFunctions(session, (schema) => platformSchemas.has(schema));
  return new Map(routines.map((routine) => [routine.key, routine]));
}

/** The last statement that makes a function of that name, and the line of the body's problem. */
function placeOf(
  files: readonly MigrationFile[],
  routine: CatalogFunction,
  bodyLine: number | null,
): Pick<BrokenFunction, 'path' | 'line'> {
  for (const { path, source } of [...files].reverse()) {
    const makesIt = source.statements.filter(
      ({ kind, node }) =>
        kind === 'CreateFunctionStmt' && node.funcname?.at(-1)?.String?.sval === routine.name,
    );
    // Of several by that name the one that holds the body.
    const statement = makesIt.findLast(({ sql }) => sql.includes(routine.body)) ?? makesIt.at(-1);
    if (!statement) continue;
    const body = statement.sql.indexOf(routine.body);
    const first = body === -1 ? statement.span.line : source.position(statement.start + body).line;
    return { path, line: bodyLine === null ? statement.span.line : first + bodyLine - 1 };
  }
  return { path: null, line: null };
}

/** The last statement that takes away what a body names, where the function itself stands in an older file. */
function takenAt(
  files: readonly MigrationFile[],
  missing: Missing | null,
): Pick<BrokenFunction, 'path' | 'line'> {
  for (const { path, source } of [...files].reverse()) {
    const statement = source.statements.findLast((one) => isDropped(missing, namesOf(one).drops));
    if (statement) return { path, line: statement.span.line };
  }
  return { path: null, line: null };
}

/** A cheap look before an expensive one: what does not name it can't miss it. */
function mentions({ body }: CatalogFunction, names: ReadonlySet<string>): boolean {
  const text = body.toLowerCase();
  return [...names].some((name) => text.includes(name.slice(name.lastIndexOf('.') + 1)));
}

function isDropped(missing: Missing | null, dropped: ReadonlySet<string>): boolean {
  if (missing === null) return false;
  if (dropped.has(missing.name) || dropped.has(`${missing.table}.${missing.name}`)) return true;
  return missing.column && [...dropped].some((name) => name.endsWith(`.${missing.name}`));
}
