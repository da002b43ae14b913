/** What the application's own code asks of a table, and what it gets where nothing allows it. */
import type { ClientCall } from '../../../model/client.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import { remembered } from '../syntax/tree.ts';
import { listed } from '../words/words.ts';

const none: readonly ClientCall[] = [];

const byObject = remembered((calls: readonly ClientCall[]): ReadonlyMap<string, readonly ClientCall[]> => {
  const found = new Map<string, ClientCall[]>();
  for (const call of calls) {
    const known = found.get(call.object);
    if (known === undefined) found.set(call.object, [call]);
    else known.push(call);
  }
  return found;
});

/** Calls as a user on the table, view or function of that schema and name with one of these commands. */
export const callsOn = (
  object: string,
  commands: readonly ClientCall['command'][],
  facts: Facts,
): readonly ClientCall[] => allCallsOn(object, commands, facts).filter(({ by }) => by === 'user');

/**
 * The same on a table, but for files that call its columns otherwise altogether (`tripId`): they are written for another
 * version of it, and fail for another reason.
 */
export function callsFitting(
  table: Table,
  commands: readonly Command[],
  facts: Facts,
): readonly ClientCall[] {
  const calls = isMadeAnewLater(table, facts) ? none : callsOn(table.key, commands, facts);
  if (calls.length === 0 || table.unknown.length > 0) return calls;
  const there = new Set(
    [table, facts.head.tables.get(table.key)].flatMap((each) => each?.columns ?? []).map(({ name }) => name),
  );
  const strange = (path: string) =>
    new Set(
      allCallsOn(table.key, ['select', 'insert', 'update', 'delete'], facts)
        .filter((call) => call.path === path)
        .flatMap(({ columns }) => columns)
        .filter((name) => /[a-z][A-Z]/.test(name) && !there.has(name)),
    ).size;
  const others = new Set([...new Set(calls.map(({ path }) => path))].filter((path) => strange(path) > 1));
  return others.size === 0 ? calls : calls.filter(({ path }) => !others.has(path));
}

/** A later file makes another table of that name: the code is that of the last one, and speaks of that. */
const isMadeAnewLater = ({ key, origin }: Table, { head }: Facts): boolean => {
  const atEnd = head.tables.get(key)?.origin;
  return origin !== null && atEnd != null && atEnd.file !== origin.file;
};

/** Those of the server too: what is not there fails whoever asks. */
export function allCallsOn(
  object: string,
  commands: readonly ClientCall['command'][],
  { clientCalls }: Facts,
): readonly ClientCall[] {
  return (byObject(clientCalls).get(object) ?? none).filter(({ command }) => commands.includes(command));
}

/** Those of Edge Functions with the anon key and without the user's token: whoever asks, they come as `anon`. */
export const callsOfVisitor = (
  object: string,
  commands: readonly ClientCall['command'][],
  facts: Facts,
): readonly ClientCall[] => allCallsOn(object, commands, facts).filter(({ by }) => by === 'visitor');

/** Those by a client that holds the service key, or of which nobody can say what it holds. */
export const callsOfServer = (
  object: string,
  commands: readonly ClientCall['command'][],
  facts: Facts,
): readonly ClientCall[] => allCallsOn(object, commands, facts).filter(({ by }) => by !== 'user');

/** A line of SQL comment before what leaves the writing to the server; empty where that was seen, or no code. */
export function onceWithServiceKey(calls: readonly ClientCall[]): string {
  const unseen = calls.filter(({ by }) => by !== 'server');
  return unseen.length === 0
    ? ''
    : `-- first see that the code writes with the service key there: ${placesOf(unseen)}\n`;
}

/**
 * A line of SQL comment before what asks for the caller's id: the code that is to pass it signs nobody in. Empty where it
 * does, or no code was seen.
 */
export const saidOfNoSession = (calls: readonly ClientCall[]) =>
  calls.length > 0 && calls.every(({ by, withoutSession }) => by === 'user' && withoutSession)
    ? `-- no code here was seen to sign anybody in with Supabase Auth: its calls (${placesOf(calls)}) come as anon then, and this refuses them. Sign users in there, or let a server with the service key do it\n`
    : '';

/** A sentence with a space before it: where the code of the change still asks for what is gone; empty where it does not. */
export function stillAsked(object: string, facts: Facts, of = 'it'): string {
  const calls = allCallsOn(object, ['select', 'insert', 'update', 'delete', 'execute'], facts);
  return calls.length === 0 ? '' : ` The code still asks for ${of}: ${placesOf(calls)}.`;
}

/** The same of columns of a table. */
export function stillNamed(table: string, columns: readonly string[], facts: Facts, of = 'it'): string {
  const calls = allCallsOn(table, ['select', 'insert', 'update', 'delete'], facts).filter((call) =>
    call.columns.some((column) => columns.includes(column)),
  );
  return calls.length === 0 ? '' : ` The code still names ${of}: ${placesOf(calls)}.`;
}

/** What takes the reading of a relation away, for when the code reads it: not before it asks something else. */
export function revokeOfRead(key: string, roles: readonly string[], calls: readonly ClientCall[]): string {
  const revoke = `revoke all on ${key} from ${roles.join(', ')};`;
  return calls.length === 0 ? revoke : `-- once the code calls a function instead\n${revoke}`;
}

/**
 * A sentence with a space before it: where the code inserts rows that lack a column, which is required from now on and
 * filled by nothing; empty where it does not, or nobody can say.
 */
export function stillInsertsWithout(table: string, column: string, after: SchemaState, facts: Facts): string {
  // The code is that of the head: what a later migration fills is none of its mistakes.
  if (![after, facts.head].every((state) => isRequiredOf(state.tables.get(table), column))) return '';
  const calls = allCallsOn(table, ['insert'], facts).filter(
    ({ given }) => given !== null && !given.includes(column),
  );
  return calls.length === 0
    ? ''
    : ` The code inserts rows without "${column}", which fails from then on: ${placesOf(calls)}.`;
}

/** NOT NULL, and nothing of the table's fills it. */
export function isRequiredOf(table: Table | undefined, column: string): boolean {
  const found = table?.columns.find(({ name }) => name === column);
  return (
    found?.notNull === true &&
    found.default === null &&
    found.identity === null &&
    found.generated === null &&
    found.sequence === null &&
    !table!.triggers.some(({ timing, events }) => timing === 'before' && events.includes('insert'))
  );
}

type Placed = Pick<ClientCall, 'path' | 'line'>;

/** `src/a.tsx:12`, and how many more there are. */
export function placesOf(calls: readonly Placed[], first = calls[0]!): string {
  // An upsert asks for two things in one place.
  const more = new Set(calls.map(({ path, line }) => `${path}:${line}`)).size - 1;
  return `${first.path}:${first.line}${more === 0 ? '' : ` (and ${more} more ${more === 1 ? 'place' : 'places'})`}`;
}

/** The first three of them by name: what breaks has to be found. */
export function placesNamed(calls: readonly Placed[]): string {
  const places = [...new Set(calls.map(({ path, line }) => `${path}:${line}`))];
  const more = places.length - 3;
  return more > 0
    ? `${places.slice(0, 3).join(', ')} and ${more} more ${more === 1 ? 'place' : 'places'}`
    : listed(places);
}

/** `src/a.tsx:12 deletes, which removes no row and gives no error`: one call a command, and how many more there are. */
export function toldCalls(calls: readonly ClientCall[], refusal: 'policy' | 'privilege'): string {
  const commands = [...new Set(calls.map(({ command }) => command))];
  // An upsert that lacks both is told by its insert, which fails first.
  const told = commands.filter(
    (command) =>
      command !== 'update' ||
      calls.some(({ method }) => method === 'update') ||
      !calls.some(({ method, command: other }) => method === 'upsert' && other === 'insert'),
  );
  return told
    .map((command) => {
      // An upsert that is refused as an insert never comes to its update.
      const each = calls.filter(
        (call) =>
          call.command === command &&
          !(command === 'update' && call.method === 'upsert' && told.includes('insert')),
      );
      const first = each.find(({ method }) => method === command) ?? each[0]!;
      const kind = first.method === 'upsert' && command === 'update' ? 'upsert' : command;
      // `.select().single()` behind it asks for the row that did not come.
      const result = first.single ? outcome[kind].replace(/ and gives no error$/, '') : outcome[kind];
      return `${placesOf(each, first)} ${first.method}s, ${refusal === 'privilege' ? 'which fails with 42501' : result}`;
    })
    .join('; ');
}

const outcome: Readonly<Record<Command | 'upsert' | 'execute', string>> = {
  select: 'which answers with no row',
  insert: 'which fails with 42501',
  update: 'which changes no row and gives no error',
  delete: 'which removes no row and gives no error',
  execute: 'which fails with 42501',
  upsert: 'which fails with 42501 once the row is there',
};
