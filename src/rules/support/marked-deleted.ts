/** Tables whose rows are marked as deleted and stay: a key that points to one hinders nobody. */
import type { Facts } from '../../model/facts.ts';
import type { SchemaState } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { allCallsOn } from './client-calls.ts';
import { isPlatform } from './roles.ts';

/** The column that marks them; null where there is none, or where rows are seen to be deleted after all. */
export function markOfDeleted(key: string, state: SchemaState, facts: Facts, above = 0): string | null {
  const table = state.tables.get(key);
  if (table === undefined || above > 5 || isPlatform(table.schema)) return null;
  const mark = table.columns.find(
    ({ name, type }) => marks.test(name) && /^(timestamp|date\b|boolean)/.test(type ?? ''),
  );
  if (mark === undefined || allCallsOn(key, ['delete'], facts).length > 0) return null;
  const deletes = new RegExp(
    `\\bdelete\\s+from\\s+(?:only\\s+)?(?:"?\\w+"?\\s*\\.\\s*)?"?${escapeRegExp(table.name)}\\b`,
    'i',
  );
  if ([...state.routines.values()].some(({ body }) => deletes.test(body))) return null;
  // They go with what they belong to where that is deleted for good: a profile with its user.
  const goWith = table.foreignKeys.filter(
    ({ onDelete, references }) => onDelete === 'cascade' && references !== key,
  );
  return goWith.every(({ references }) => markOfDeleted(references, state, facts, above + 1) !== null)
    ? mark.name
    : null;
}

const marks = /^(is_)?(soft_)?(deleted|archived)(_at|_on)?$/i;
