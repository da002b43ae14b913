/** COMMENT ON. */
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import type { Draft } from './draft.ts';
import { findRoutines } from './routines.ts';

export function comment(draft: Draft, node: SyntaxNode): void {
  // IS NULL and IS '' both take the comment away.
  const text: string | null = node.comment === undefined || node.comment === '' ? null : node.comment;
  const parts = strings(node.object?.List?.items);
  switch (node.objtype) {
    case 'OBJECT_TABLE':
    case 'OBJECT_FOREIGN_TABLE':
      draft.update('table', draft.relationNamed(parts), (table) => ({ ...table, comment: text }));
      break;
    case 'OBJECT_VIEW':
    case 'OBJECT_MATVIEW':
      draft.update('view', draft.relationNamed(parts), (view) => ({ ...view, comment: text }));
      break;
    case 'OBJECT_COLUMN':
      draft.update('table', draft.relationNamed(parts.slice(0, -1)), (table) => ({
        ...table,
        columns: table.columns.map((column) =>
          column.name === parts.at(-1) ? { ...column, comment: text } : column,
        ),
      }));
      break;
    case 'OBJECT_POLICY':
      draft.update('table', draft.relationNamed(parts.slice(0, -1)), (table) => ({
        ...table,
        policies: table.policies.map((policy) =>
          policy.name === parts.at(-1) ? { ...policy, comment: text } : policy,
        ),
      }));
      break;
    case 'OBJECT_FUNCTION':
    case 'OBJECT_PROCEDURE':
    case 'OBJECT_ROUTINE':
    case 'OBJECT_AGGREGATE':
      for (const key of findRoutines(draft, node.object.ObjectWithArgs)) {
        draft.update('routine', key, (routine) => ({ ...routine, comment: text }));
      }
      break;
    default:
      // Comments on schemas, types, constraints, indexes, triggers … are no part of a state.
      break;
  }
}
