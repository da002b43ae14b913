/** Tables whose rows stay, marked as deleted or deleted by nobody: a key that points to one hinders nobody. */

import type { ClientCall } from '../../../model/client.ts';
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState, Table } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { allCallsOn } from '../application/client-calls.ts';
import { isPlatform } from '../callers/roles.ts';

/** The column that marks them; null where there is none, or where rows are seen to be deleted after all. */
export function markOfDeleted(key: string, state: SchemaState, facts: Facts, above = 0): string | null {
  const table = state.tables.get(key);
  if (table === undefined || above > 5 || isPlatform(table.schema)) return null;
  const mark = table.columns.find(
    ({ name, type }) => marks.test(name) && /^(timestamp|date\b|boolean)/.test(type ?? ''),
  );
  if (mark === undefined || isDeletedSomewhere(table, state, facts)) return null;
  // They go with what they belong to where that is deleted for good: a profile with its user.
  return goWith(table).every(({ references }) => markOfDeleted(references, state, facts, above + 1) !== null)
    ? mark.name
    : null;
}

/** The code writes rows of it, and neither the code nor a function deletes any, nor do they go with others. */
export function writtenAndKept(
  key: string,
  state: SchemaState,
  facts: Facts,
  above = 0,
): readonly ClientCall[] {
  const table = state.tables.get(key);
  if (table === undefined || above > 5 || isPlatform(table.schema)) return [];
  const writes = allCallsOn(key, ['insert', 'update'], facts);
  return writes.length === 0 ||
    isDeletedSomewhere(table, state, facts) ||
    goWith(table).some(({ references }) => writtenAndKept(references, state, facts, above + 1).length === 0)
    ? []
    : writes;
}

const goWith = ({ key, foreignKeys }: Table) =>
  foreignKeys.filter(({ onDelete, references }) => onDelete === 'cascade' && references !== key);

function isDeletedSomewhere({ key, name }: Table, { routines }: SchemaState, facts: Facts): boolean {
  const deletes = new RegExp(
    `\\bdelete\\s+from\\s+(?:only\\s+)?(?:"?\\w+"?\\s*\\.\\s*)?"?${escapeRegExp(name)}\\b`,
    'i',
  );
  return (
    allCallsOn(key, ['delete'], facts).length > 0 ||
    [...routines.values()].some(({ body }) => deletes.test(body))
  );
}

const marks = /^(is_)?(soft_)?(deleted|archived)(_at|_on)?$/i;
