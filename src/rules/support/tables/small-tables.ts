/** Tables too small for anybody to wait for: a lock rule then says a note. */
import type { SchemaState, Table } from '../../../model/schema.ts';
import type { Statement } from '../../../model/sql.ts';
import { timeOf } from '../../../project/version.ts';
import { isKnownByName } from '../../../sql/fold/table-access.ts';
import type { FileContext, Problem } from '../../rule.ts';
import { allCallsOn } from '../application/client-calls.ts';
import { overviewOf } from '../files/versions.ts';
import { reportLock } from '../statements/statements.ts';
import { isSaidToHaveNoUsers } from '../words/said.ts';
import { holdsOneRow } from './emptiness.ts';
import { isCountedOut } from './fixed-lists.ts';
import { isShortList } from './short-lists.ts';

/** Days in which a table is young: what it holds by then is read, or written anew, in next to no time. */
const youth = 30;
const day = 24 * 3_600_000;

/**
 * What is read, rewritten or built under a lock: a note on a small table, unless the rule says more. A young one may hold
 * the one row that makes it fail: it counts as small where no row can.
 */
export function reportWait(
  context: FileContext,
  statement: Statement,
  problem: Problem & { readonly object: string },
  canFail = true,
): void {
  const why =
    problem.severity !== undefined
      ? null
      : (smallness(problem.object, context) ?? (canFail ? null : youthOf(problem.object, context)));
  reportLock(
    context,
    statement,
    why === null
      ? problem
      : { ...problem, message: `${problem.message} ${why}, so the wait is short.`, severity: 'info' },
  );
}

/** Why nobody waits for a look at all its rows; null where somebody may. */
export const smallness = (key: string, context: FileContext): string | null =>
  isSaidToHaveNoUsers(context)
    ? 'The head of the file says that nobody uses the database yet'
    : fewRows(key, context);

/** How old a table of the base is, by the versions of the file that made it and of this one; null where it is no young one. */
export function youthOf(key: string, { set, facts, changed }: FileContext): string | null {
  const madeIn = set.before.tables.get(key)?.origin?.file;
  const made = timeOf(overviewOf(facts.history).byPath.get(madeIn ?? '')?.version ?? '');
  const now = timeOf(changed.migration.version);
  if (made === null || now === null || made > now || now - made > youth * day) return null;
  const days = Math.floor((now - made) / day);
  return days < 1
    ? 'The table was made on the same day'
    : `The table was made ${days} ${days === 1 ? 'day' : 'days'} before`;
}

/** Its key bounds it, or it is a list that migrations alone fill, and all that it points at is small too. */
function fewRows(key: string, context: FileContext, depth = 0): string | null {
  const { set, facts } = context;
  const table = set.before.tables.get(key);
  if (table === undefined) return null;
  if (isMadeHereFirst(table, context)) return 'The table is made above, where nobody made it by hand';
  if (isBounded(table, set.before)) return 'Its key allows few rows';
  return isShortList(key, set.before, facts) &&
    (!set.after.tables.has(key) || isShortList(key, set.after, facts)) &&
    allCallsOn(key, ['insert'], facts).length === 0 &&
    depth < 4 &&
    table.foreignKeys.every(
      ({ references }) => references === key || fewRows(references, context, depth + 1) !== null,
    )
    ? 'Only migrations fill the table'
    : null;
}

/** Earlier migrations only change it: where they ran at all, it was made by hand. */
const isMadeHereFirst = (table: Table, { source, keyOf }: FileContext) =>
  isKnownByName(table) &&
  source.statements.some(({ kind, node }) => kind === 'CreateStmt' && keyOf(node.relation) === table.key);

/** Each column of its key takes few values: one, those of an enum, those that a CHECK lists. */
const isBounded = (table: Table, state: SchemaState): boolean =>
  holdsOneRow(table) ||
  (table.primaryKey !== null &&
    table.primaryKey.columns.length > 0 &&
    table.primaryKey.columns.every((name) => {
      const column = table.columns.find((each) => each.name === name);
      return (
        column !== undefined &&
        (column.type === 'boolean' || isEnum(column.type, state) || isCountedOut(name, table))
      );
    }));

const isEnum = (type: string, { types }: SchemaState) =>
  (types.get(type) ?? types.get(`public.${type}`))?.kind === 'enum';
