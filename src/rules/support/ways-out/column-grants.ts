/** Ways out by the grants of columns: no policy for UPDATE compares the old row with the new one. */
import type { ClientCall } from '../../../model/client.ts';
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { placesOf } from '../application/client-calls.ts';
import { grantedColumns } from '../callers/roles.ts';
import { decidingColumns, isGoneBy } from '../owners/deciding.ts';
import { ownerColumns } from '../owners/owners.ts';
import { rightsIn } from '../owners/rights.ts';
import { letsThrough } from '../policies/lets-through.ts';
import { named } from '../words/words.ts';

/** Users write all but these columns, and but those that decide as well and that the code does not write. */
export function grantedWithout(
  table: Table,
  command: Extract<Command, 'update' | 'insert'>,
  columns: readonly string[],
  state: SchemaState,
  /** Of the project's code, as a user. */
  calls: readonly ClientCall[],
): string {
  const writing = (name: string) =>
    calls.filter((call) => call.command === command && (call.given ?? call.columns).includes(name));
  const unread = calls.filter((call) => call.command === command && call.given === null);
  const others = decidingColumns(table, state).filter((name) => !columns.includes(name));
  const unseen = others.filter(
    (name) => writing(name).length === 0 && !(command === 'insert' && isRequired(table, name)),
  );
  // What by its name alone decides may be what the code writes there.
  const doubted = unread.length === 0 ? [] : unseen.filter((name) => !isGoneBy(name, table, state));
  const deciding = unseen.filter((name) => !doubted.includes(name));
  const kept = others.filter((name) => writing(name).length > 0);
  const written = table.columns
    .filter(
      ({ name, generated, identity }) =>
        !columns.includes(name) && !deciding.includes(name) && !generated && identity !== 'always',
    )
    .map(({ name }) => quoteIdent(name));
  return [
    ...(deciding.length === 0
      ? []
      : [
          `-- left out too: ${named(deciding)}, which ${deciding.length === 1 ? 'decides' : 'decide'} what a user may do; ${unread.length === 0 ? `no code was seen that writes ${deciding.length === 1 ? 'it' : 'them'} as a user` : `the code ${command}s it with columns that could not be read (${placesOf(unread)}): see that ${deciding.length === 1 ? 'it is not among them' : 'they are not among them'}`}`,
        ]),
    ...(doubted.length === 0
      ? []
      : [
          `-- by ${doubted.length === 1 ? 'its name' : 'their names'} ${named(doubted)} ${doubted.length === 1 ? 'decides' : 'decide'} too, and ${doubted.length === 1 ? 'stays' : 'stay'} since the code ${command}s it with columns that could not be read (${placesOf(unread)}): take ${doubted.length === 1 ? 'it' : 'them'} out where ${doubted.length === 1 ? 'it is' : 'they are'} not among them`,
        ]),
    ...(kept.length === 0
      ? []
      : [
          `-- ${named(kept)} ${kept.length === 1 ? 'decides' : 'decide'} too, and the code writes ${kept.length === 1 ? 'it' : 'them'} as a user (${placesOf(kept.flatMap(writing))}): better through the server`,
        ]),
    `revoke ${command} on ${table.key} from anon, authenticated;`,
    ...(written.length === 0
      ? []
      : [`grant ${command} (${written.join(', ')}) on ${table.key} to authenticated;`]),
    ...guestsKept(table, command, [...columns, ...deciding], state, calls),
  ].join('\n');
}

/** What guests write of a row right behind inserting it, in the same file of the code; none of the columns that are closed. */
function guestsKept(
  table: Table,
  command: Command,
  closed: readonly string[],
  state: SchemaState,
  calls: readonly ClientCall[],
): readonly string[] {
  const open = table.policies.some((policy) => letsThrough(policy, command, 'anon', table, state));
  if (command !== 'update' || !open) return [];
  const owners = ownerColumns(table, state);
  const inserts = calls.filter(
    (call) => call.command === 'insert' && call.orNobody?.some((column) => owners.includes(column)),
  );
  const changes = calls.filter(
    (call) =>
      call.command === 'update' && call.method === 'update' && inserts.some(({ path }) => path === call.path),
  );
  const there = new Set(table.columns.map(({ name }) => name));
  const columns = [...new Set(changes.flatMap(({ given }) => given ?? []))].filter(
    (name) => there.has(name) && !closed.includes(name),
  );
  return columns.length === 0
    ? []
    : [
        `-- visitors keep what the code writes for them (${placesOf(changes)}), as long as a policy lets them\ngrant update (${columns.map((name) => quoteIdent(name)).join(', ')}) on ${table.key} to anon;`,
      ];
}

const isRequired = ({ columns }: Table, name: string) =>
  columns.some((column) => column.name === name && column.notNull && column.default === null);

/** That and why, where the mend lets users change rows that hold rights; empty where it need not be said. */
export function rightsKept(table: Table, state: SchemaState, calls: readonly ClientCall[]): string {
  const granted = grantedColumns(table, 'authenticated', 'update');
  const rights = rightsIn(table, state)
    .map(({ name }) => name)
    .filter((name) => granted === null || granted.includes(name));
  return rights.length === 0 || table.columns.length > 40
    ? ''
    : `-- ${named(rights)} ${rights.length === 1 ? 'gives' : 'give'} rights, and no user writes ${rights.length === 1 ? 'it' : 'them'}: the server does\n${grantedWithout(table, 'update', rights, state, calls)}`;
}
