/** What the application's code shows of whose a row is: the columns that it gives the id of who signed in. */
import type { ClientCall } from '../../../model/client.ts';
import type { Table } from '../../../model/schema.ts';

/** Those of each row whose columns the code writes out; none where no such row was seen. */
export function signedInAs({ columns }: Table, calls: readonly ClientCall[]): readonly string[] {
  const inserts = calls.filter(({ command, given }) => command === 'insert' && given !== null);
  const [first, ...others] = inserts;
  return first === undefined
    ? []
    : first.own.filter(
        (name) =>
          others.every(({ own }) => own.includes(name)) && columns.some((column) => column.name === name),
      );
}
