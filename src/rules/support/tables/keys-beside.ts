/** A second key on the same columns to the same table: what it does when the referenced row goes, this one does not have to. */
import type { Place } from '../../../model/finding.ts';
import type { ForeignKey, Table } from '../../../model/schema.ts';

export interface KeyBeside {
  readonly key: ForeignKey;
  /** Keys act in the order in which they were made: what it has taken away is not there any more when this one is checked. */
  readonly first: boolean;
}

/** The key that takes away, or empties, each row that would hold up the delete. */
export function keyBeside(table: Table, key: ForeignKey): KeyBeside | null {
  const beside = table.foreignKeys.filter(
    (other) =>
      other !== key &&
      other.references === key.references &&
      (other.onDelete === 'cascade' ||
        (other.onDelete === 'set null' && other.columns.every((name) => mayBeNull(table, name)))) &&
      isPartOf(other, key),
  );
  const first = beside.find(({ origin }) => isBefore(origin, key.origin));
  if (first !== undefined) return { key: first, first: true };
  const later = beside.find(({ origin }) => isBefore(key.origin, origin));
  return later === undefined ? null : { key: later, first: false };
}

const mayBeNull = ({ columns }: Table, name: string) =>
  columns.find((column) => column.name === name)?.notNull === false;

/** Whichever row the whole points to, the part points to as well. */
const isPartOf = (part: ForeignKey, whole: ForeignKey) =>
  part.referencedColumns.length === part.columns.length &&
  part.columns.every((name, index) => {
    const at = whole.columns.indexOf(name);
    return at !== -1 && whole.referencedColumns[at] === part.referencedColumns[index];
  });

function isBefore(a: Place | null, b: Place | null): boolean {
  if (a === null || b === null) return false;
  if (a.file !== b.file) return a.file < b.file;
  return a.line === b.line ? a.column < b.column : a.line < b.line;
}
