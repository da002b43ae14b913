/** NOT NULL without reading the table under an exclusive lock: a CHECK is validated first. */
import { quoteIdent } from '../../../sql/names.ts';

export interface Proof {
  /** Holds for what is written from then on. */
  readonly check: string;
  /** Reads all rows while others read and write. */
  readonly validate: string;
  readonly drop: string;
}

export function proofOf(table: string, columns: readonly string[]): Proof {
  const own = table.split('.').at(-1)!.replaceAll('"', '');
  const name = quoteIdent(`${own}_${columns.length === 1 ? columns[0] : 'columns'}_set`.slice(0, 63));
  const isSet = columns.map((column) => `${quoteIdent(column)} is not null`).join(' and ');
  return {
    check: `alter table ${table} add constraint ${name} check (${isSet}) not valid;`,
    validate: `alter table ${table} validate constraint ${name};`,
    drop: `alter table ${table} drop constraint ${name};`,
  };
}

export const setNotNull = (table: string, columns: readonly string[]) =>
  `alter table ${table} ${columns.map((column) => `alter column ${quoteIdent(column)} set not null`).join(', ')};`;

/** From the CHECK to NOT NULL, for columns that are filled by then. */
export function provenNotNull(table: string, columns: readonly string[]): readonly string[] {
  const { check, validate, drop } = proofOf(table, columns);
  return [check, '-- in the next migration', validate, setNotNull(table, columns), drop];
}
