/** Which tables of people with rights a user comes to be in by itself: only then is what a member may do anybody's. */
import type { ObjectAccess } from '../../model/access.ts';
import type { SchemaState, Table } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { passes, underOwnParent, withoutTenants } from '../cells.ts';

/**
 * By signing up, by an INSERT of its own, or by founding what the members are members of, where a trigger enters the
 * founder.
 */
export function joinedByThemselves(
  state: SchemaState,
  objects: readonly ObjectAccess[],
  bySignUp: ReadonlySet<string>,
): (key: string) => boolean {
  const writes = (key: string) =>
    objects
      .find(({ object }) => object === key)
      ?.cells.some(
        (cell) =>
          cell.principal === 'user' &&
          cell.command === 'insert' &&
          cell.subject === 'own' &&
          (cell.when === null || cell.when === underOwnParent) &&
          passes(cell),
      ) === true;
  const enters = (parent: Table, { name }: Table) =>
    parent.triggers.some(({ function: called }) =>
      [...state.routines.values()].some(
        ({ key, body }) =>
          key.startsWith(`${called}(`) &&
          new RegExp(`insert\\s+into\\s+\\S*\\b${escapeRegExp(name)}\\b`, 'i').test(body),
      ),
    );
  return (key) => {
    const table = state.tables.get(key);
    return (
      bySignUp.has(key) ||
      writes(key) ||
      table?.foreignKeys.some(({ references }) => {
        const parent = state.tables.get(references);
        return parent !== undefined && parent !== table && writes(references) && enters(parent, table);
      }) === true
    );
  };
}

/** A row in another's name, written by a member in its own organisation, is a member's doing where not everybody gets in. */
export const ofMembersAlone = (
  objects: readonly ObjectAccess[],
  joins: (key: string) => boolean,
): ObjectAccess[] =>
  objects.map((object) => ({
    ...object,
    cells: object.cells.map((cell) =>
      cell.subject === 'spoof' && cell.acrossTenants && !joins(cell.via!) ? withoutTenants(cell) : cell,
    ),
  }));
