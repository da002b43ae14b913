/** Rows that are seen with what they hang on: comments of a task, where everybody sees the task. */
import type { Policy, SchemaState, Table } from '../../../model/schema.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, covers } from '../callers/roles.ts';
import { readPredicate } from '../conditions/scope.ts';
import { sensitiveColumns } from '../owners/owners.ts';
import { isOpenTo, opensFor } from '../policies/openness.ts';
import { bare } from '../syntax/tree.ts';
import { holdsMoney, isPrivateByName } from '../words/person-names.ts';
import { isForAllByName } from '../words/public-words.ts';
import type { LeakGroup } from './leak.ts';

export interface ShownWith {
  readonly parent: Table;
  /** The policy that shows the parent, and says so. */
  readonly policy: Policy;
}

/**
 * The policy asks for the parent and for nothing else, and a policy of the parent shows it to all and says that it does.
 * What is somebody's by its name, holds money or what is personal is not taken for a discussion.
 */
export function shownWithParent({ object, leaks, opener }: LeakGroup, state: SchemaState): ShownWith | null {
  const table = state.tables.get(object.object);
  if (table === undefined || opener === null || opener === 'off') return null;
  if (!leaks.every(({ command }) => command === 'select') || ofSome.test(opener.name)) return null;
  const names = table.columns.map(({ name }) => name);
  if (isPrivateByName(table) || holdsMoney(table) || sensitiveColumns(names, table).length > 0) return null;
  const parent = parentAsked(opener, table, state);
  if (parent === null || isPrivateByName(parent) || !isOpenTo(parent, 'select', 'anon')) return null;
  const policy = parent.policies.find(
    (each) =>
      each.permissive &&
      covers(each, 'select') &&
      appliesTo(each, 'anon') &&
      opensFor(each.using?.node ?? null, 'anon') &&
      isForAllByName(each.name),
  );
  return policy === undefined ? null : { parent, policy };
}

/** Its name is about some, and what it asks does not keep to them: that is no word for all. */
const ofSome =
  /\b(own|owns|owned|their|his|her|my|owners?|hosts?|authors?|members?|admins?|staff|participants?|managers?|authenticated|signed|logged|private)\b/i;

/** `exists (select from task where task.id = comment.task_id)`, and no word about the caller. */
function parentAsked({ using }: Policy, table: Table, state: SchemaState): Table | null {
  const node = using?.node ?? null;
  const { SubLink: link } = bare(node) ?? {};
  if (node === null || link === undefined || looksAtCaller(node, state)) return null;
  const { reads, comparisons } = readPredicate(node, table, state);
  const key = table.foreignKeys.find(
    ({ columns, references }) =>
      columns.length === 1 &&
      references !== table.key &&
      reads.length === 1 &&
      reads[0] === references &&
      comparisons.some(({ operator, left, right }) => {
        const sides = [left, right].flatMap((side) => (side.is === 'column' ? [side.column] : []));
        return (
          operator === '=' &&
          sides.some(({ depth, name }) => depth === 0 && name === columns[0]) &&
          (right.is === 'select' || sides.some(({ depth }) => depth > 0))
        );
      }),
  );
  return key === undefined ? null : (state.tables.get(key.references) ?? null);
}
