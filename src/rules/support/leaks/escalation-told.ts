/** How somebody obtained what policies trust: the commands and columns of its statements, in words, and the way out. */
import type { Escalation } from '../../../model/access.ts';
import type { ClientCall } from '../../../model/client.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent, quoteLiteral } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { callsOn, placesNamed } from '../application/client-calls.ts';
import { isPersonTable } from '../owners/owners.ts';
import { chosenByInsert, rightsIn } from '../owners/rights.ts';
import { isMembership, partOwn } from '../owners/whose.ts';
import { grantedWithout } from '../ways-out/column-grants.ts';
import { newPolicyName } from '../ways-out/policy-names.ts';
import { named } from '../words/words.ts';

interface Written {
  readonly commands: readonly Command[];
  /** Set by UPDATE; of an INSERT those that give rights. */
  readonly columns: readonly string[];
}

function writtenBy({ steps }: Escalation, table: Table | undefined, state: SchemaState): Written {
  const rights = table === undefined ? [] : rightsIn(table, state).map(({ name }) => name);
  const columns = steps.flatMap(({ command, values }) =>
    Object.keys(values).filter((column) => command === 'update' || rights.includes(column)),
  );
  return { commands: [...new Set(steps.map(({ command }) => command))], columns: [...new Set(columns)] };
}

/** `A user sets "is_admin" in its own row of "public.profiles"` */
export function obtained(escalation: Escalation, state: SchemaState): string {
  const { object, kind } = escalation;
  const table = state.tables.get(object);
  const { commands: sent, columns } = writtenBy(escalation, table, state);
  const anew = sent.includes('delete') && sent.includes('insert');
  if (kind === 'ownership')
    return `A user makes itself the owner of rows of "${object}"${columns.length === 0 ? '' : ` by writing ${named(columns)}`}`;
  if (table !== undefined && isMembership(table, state) && (kind === 'membership' || columns.length === 0))
    return `A user gives itself a membership through "${object}"${sent.includes('update') && columns.length > 0 ? `, by UPDATE of ${named(columns)}` : ''}`;
  if (columns.length > 0)
    return anew
      ? `A user deletes its row of "${object}" and inserts it anew with another ${named(columns)}`
      : sent.includes('insert')
        ? `A user inserts a row into "${object}" with a ${named(columns)} of its choice`
        : `A user changes ${named(columns)} of its own row in "${object}"`;
  if (kind === 'role-column') return `A user gives itself a role through "${object}"`;
  return `A user ${done(sent, object)}, and policies trust that row`;
}

function done(sent: readonly string[], object: string): string {
  if (sent.includes('delete') && sent.includes('insert'))
    return `deletes its row of "${object}" and inserts it anew`;
  if (sent.includes('update')) return `changes its row in "${object}"`;
  return sent.join() === 'delete' ? `deletes its row of "${object}"` : `inserts a row into "${object}"`;
}

/** Grants without the columns that policies trust; null where another way has to be found. */
export function closing(escalation: Escalation, facts: Facts): string | null {
  const table = facts.head.tables.get(escalation.object);
  const { commands: sent, columns } = writtenBy(escalation, table, facts.head);
  if (table === undefined || columns.length === 0 || table.columns.length > 40) return null;
  const writing = callsOn(table.key, ['insert', 'update'], facts);
  const calls = writing.filter(
    ({ command, columns: named, given }) =>
      (command === 'update' || sent.includes('insert')) &&
      sent.includes(command as Command) &&
      (given ?? named).some((column) => columns.includes(column)),
  );
  // What another finding on the table takes out of the grant stays out.
  const trusted = (facts.access?.head.escalations ?? [])
    .filter((other) => other.object === escalation.object && other !== escalation)
    .filter(({ kind }) => /^(membership|role-column|ownership|hook)$/.test(kind))
    .map((other) => writtenBy(other, table, facts.head));
  // What they give is not seen: at registration it may be the rank as well.
  const unread = sent.includes('insert')
    ? writing.filter(({ command, given }) => command === 'insert' && given === null)
    : [];
  const note =
    calls.length === 0 && unread.length > 0
      ? `-- no user writes ${named(columns)}. The code inserts rows with columns that could not be read (${placesNamed(unread)}): where ${columns.length === 1 ? 'it is' : 'they are'} among them this refuses it${isPersonTable(escalation.object, facts.head) ? ', registration too: first let a trigger of auth.users insert the row of a user' : ': first let the server do it, or a function that checks'}`
      : calls.length === 0
        ? `-- no user writes ${named(columns)}: the server does, or a function that checks`
        : `-- no user writes ${named(columns)}: the code does (${placesNamed(calls)}), and has to go through the server, or a function that checks`;
  const enters = isMembership(table, facts.head) && escalation.kind === 'membership';
  if (
    sent.includes('insert') &&
    (enters || columns.some((column) => chosenByInsert(table, facts.head).includes(column)))
  )
    return (
      keepingInserts(escalation, table, columns, enters, writing, facts.head) ??
      `${note}\nrevoke insert on ${table.key} from anon, authenticated;`
    );
  // A row that is deleted and inserted anew is a new row: both ways are closed.
  const ways = (['insert', 'update'] as const).filter((command) => sent.includes(command));
  const closed = (command: 'insert' | 'update') => [
    ...new Set([
      ...columns,
      ...trusted.flatMap((other) => (other.commands.includes(command) ? other.columns : [])),
    ]),
  ];
  return [
    note,
    ...ways.map((command) => grantedWithout(table, command, closed(command), facts.head, writing)),
  ].join('\n');
}

/** Where the code enters rows as the user: a check beside the policies, so that it goes on with what is harmless. */
function keepingInserts(
  escalation: Escalation,
  table: Table,
  columns: readonly string[],
  enters: boolean,
  calls: readonly ClientCall[],
  state: SchemaState,
): string | null {
  const inserts = calls.filter(({ command }) => command === 'insert');
  if (inserts.length === 0) return null;
  const checks = columns.flatMap((column) => {
    // To belong there is the right, as what one does is another thing.
    const harmless = harmlessIn(column, enters ? [] : escalation.steps, table, state);
    return harmless === null ? [] : [`${quoteIdent(column)} in (${harmless.map(quoteLiteral).join(', ')})`];
  });
  const parents = enters ? parentsAsked(table, state) : [];
  if (enters ? parents.length === 0 : checks.length < columns.length || checks.length === 0) return null;
  const why = enters
    ? `whoever enters itself has to be named in what it enters; who else is, the server enters`
    : `a rank that policies trust is not theirs to choose`;
  return `-- the code does that as the user (${placesNamed(inserts)}), and goes on: ${why}\ncreate policy ${newPolicyName('nothing of their own choice', table.policies)} on ${table.key} as restrictive for insert to authenticated\n  with check (${[...parents, ...checks].join(' and ')});`;
}

/** Values that an enum or a CHECK allows, but for the one that opened it and those that speak of rank; null where none is known. */
function harmlessIn(
  column: string,
  steps: Escalation['steps'],
  table: Table,
  state: SchemaState,
): readonly string[] | null {
  const type = table.columns.find(({ name }) => name === column)?.type;
  const all =
    [...state.types.values()].find(({ key, name }) => key === type || name === type)?.values ??
    table.checks
      .filter(({ expression }) => new RegExp(`\\b${escapeRegExp(column)}\\b`).test(expression.text))
      .flatMap(({ expression }) => [...expression.text.matchAll(/'([\w -]+)'/g)].map(([, value]) => value!));
  const opened = steps.map(({ values }) => values[column]);
  const left = [...new Set(all)].filter((value) => !ranks.test(value) && !opened.includes(value));
  return left.length === 0 || left.length === all.length ? null : left;
}

const ranks = /admin|owner|moderator|staff|manager|root|super|master|chief|director|leader|system|service/i;

/** What the row enters somebody into names the caller itself. */
function parentsAsked(table: Table, state: SchemaState): string[] {
  const found = table.foreignKeys.flatMap(({ columns, references }) =>
    columns.length === 1 && !isPersonTable(references, state) ? [partOwn(columns[0]!, table, state)] : [],
  );
  return found.some((asked) => asked === null) ? [] : found.flatMap((asked) => asked ?? []);
}
