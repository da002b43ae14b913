/** What is to happen to rows when the row goes that their foreign key points to: what is likeliest to be meant. */
import type { ClientCall } from '../../../model/client.ts';
import type { Facts } from '../../../model/facts.ts';
import type { ForeignKey, SchemaState, Table, Trigger } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { allCallsOn } from '../application/client-calls.ts';
import { routineNamed } from '../callers/sign-up.ts';

/** Rows that tell what happened: nobody wants them gone with what they point to. Some may not even be changed. */
export type Stays = 'kept' | 'unchanged';

/** SET NULL on a column that is NOT NULL only fails later, in words nobody expects. */
export function choiceFor(table: Table, key: ForeignKey): string {
  if (isOptional(table, key)) return 'CASCADE, SET NULL or RESTRICT';
  return isMaker(key) ? 'SET NULL and let it be empty, or RESTRICT' : 'CASCADE or RESTRICT';
}

/** What is likeliest to be meant, and what else may be. */
export function actionsFor(
  table: Table,
  key: ForeignKey,
  stays: Stays | null,
  { tables }: SchemaState,
): readonly [string, string | null] {
  if (stays === 'unchanged') return ['restrict', null];
  if (isOptional(table, key)) {
    // The one of its own rows that counts now: the row goes on without it.
    if (tables.get(key.references)?.foreignKeys.some(({ references }) => references === table.key))
      return ['set null', null];
    const asking = askingForNull(table, key);
    if (asking !== null)
      return [
        'restrict',
        `set null, where the row shall then be one of those that ${asking} asks for by IS NULL`,
      ];
    // The other end of a transfer, of an exchange: the row says nothing without it.
    const beside = table.foreignKeys.find(
      (other) =>
        !(isMaker(key) && !isEnd(key)) &&
        other !== key &&
        other.references === key.references &&
        !isOptional(table, other),
    );
    if (beside !== undefined)
      return ['restrict', 'set null, where a row may lose this end and keep the other'];
    const check = checkOnNull(table, key);
    if (check === null && stays !== null && !isMaker(key))
      return isLineOfNothing(table, key)
        ? ['restrict', 'set null, where the row says enough without it']
        : [
            'set null',
            key.references === 'auth.users'
              ? 'restrict, where a user who has such rows shall not be deleted'
              : 'restrict, where nothing that such rows point to shall be deleted',
          ];
    return check === null
      ? [
          'set null',
          isMaker(key)
            ? 'restrict, where nobody who is named there shall be deleted'
            : 'cascade, where these rows mean nothing without that one',
        ]
      : ['restrict', `set null, where the CHECK ${quoteIdent(check)} lets a row stay without it`];
  }
  if (stays !== null) return ['restrict', null];
  // Who made a row is not whose it is: it should not go with them.
  if (isMaker(key)) return ['set null', 'restrict, where a user who made such rows shall not be deleted'];
  const isPart = key.columns.some((name) => table.primaryKey?.columns.includes(name));
  return isPart || key.references === 'auth.users'
    ? ['cascade', null]
    : ['restrict', 'cascade, where these rows mean nothing without that one'];
}

const isMaker = ({ columns }: ForeignKey) =>
  columns.every((name) =>
    /(^|_)(by|by_id|creator_id|author_id|inviter_id|admin_id|moderator_id|reviewer_id|approver_id)$/i.test(
      name,
    ),
  );

/** Who gave or took: the row is about both. */
const isEnd = ({ columns }: ForeignKey) =>
  columns.some((name) =>
    /(sent|received|paid|given|lent|borrowed|owed|followed|blocked|liked|requested|accepted)_by/i.test(name),
  );

/** A policy or a partial index for which NULL has a meaning of its own: for all, of nobody, a template. */
function askingForNull({ policies, indexes }: Table, { columns }: ForeignKey): string | null {
  const asks = new RegExp(
    `(?<![\\w$])"?(${columns.map(escapeRegExp).join('|')})"?\\)*\\s+is\\s+null\\b`,
    'i',
  );
  const policy = policies.find(({ using }) => asks.test(using?.text ?? ''));
  if (policy !== undefined) return `policy ${quoteIdent(policy.name)}`;
  const index = indexes.find(({ unique, predicate }) => unique && asks.test(predicate?.text ?? ''));
  return index === undefined ? null : `index ${quoteIdent(index.name)}`;
}

/** A CHECK that asks whether the column has a value: with SET NULL it may refuse the delete, in words nobody expects. */
function checkOnNull(table: Table, key: ForeignKey): string | null {
  const asks = new RegExp(
    `(?<![\\w$])"?(${key.columns.map(escapeRegExp).join('|')})"?\\)*\\s+is\\s+not\\s+null\\b|\\bnum_(non)?nulls\\s*\\([^)]*(?<![\\w$])"?(${key.columns.map(escapeRegExp).join('|')})(?![\\w$])`,
    'i',
  );
  return table.checks.find(({ expression }) => asks.test(expression.text))?.name ?? null;
}

export const isOptional = (table: Table, key: ForeignKey) =>
  key.columns.every((name) => table.columns.find((column) => column.name === name)?.notNull === false);

/** What it points to is a user's profile: the key of that row is the user's, and it goes with them. */
export const goesWithItsUser = ({ references, referencedColumns }: ForeignKey, { tables }: SchemaState) => {
  const parent = tables.get(references);
  const columns = referencedColumns.length > 0 ? referencedColumns : (parent?.primaryKey?.columns ?? []);
  return (
    parent?.foreignKeys.some(
      (own) =>
        own.references === 'auth.users' &&
        own.onDelete === 'cascade' &&
        own.columns.join() === columns.join(),
    ) === true
  );
};

/** A line of an order or an invoice that keeps no name of what it is about: without the key it says nothing. */
export function isLineOfNothing({ name, columns }: Table, key: ForeignKey): boolean {
  const what = key.columns.map((column) => column.replace(/_?id$/i, ''));
  return (
    /(^|_)(items?|lines?)$/i.test(name) &&
    key.references !== 'auth.users' &&
    !columns.some(
      (column) =>
        !key.columns.includes(column.name) &&
        (/(^|_)(name|title|description|label|sku|snapshot)(_|$)/i.test(column.name) ||
          what.includes(column.name)),
    )
  );
}

export function mustStay(table: Table, state: SchemaState, facts: Facts): Stays | null {
  if (table.triggers.some((trigger) => refusesChanges(trigger, state))) return 'unchanged';
  return records.test(table.name) && allCallsOn(table.key, ['delete'], facts).length === 0 ? 'kept' : null;
}

const records =
  /(^|_)(audits?|audit_trail|logs?|history|ledger|journal|consents?|agreements?|acceptances?|signatures?|invoices?|payments?|payouts?|refunds?|receipts?|transactions?|orders?|sales|purchases?|charges?|donations?)(_(entries|entry|items?|lines?|events?|records?|rows?))?$/i;

/** A trigger before UPDATE or DELETE whose function does nothing but raise. */
function refusesChanges({ timing, events, function: name }: Trigger, state: SchemaState): boolean {
  if (timing !== 'before' || !(events.includes('update') || events.includes('delete'))) return false;
  const body = routineNamed(name, state)?.body ?? '';
  return (
    /\braise\s+exception\b/i.test(body) && !/\b(if|case|return)\b/i.test(body.replace(/raise\s[^;]*;/gi, ''))
  );
}

/** A trigger before UPDATE raises where the column changes: SET NULL would be refused by it, in words nobody expects. */
export function isWriteOnce(table: Table, { columns }: ForeignKey, state: SchemaState): boolean {
  const changes = new RegExp(
    `\\bold\\.(${columns.map(escapeRegExp).join('|')})\\b[^;]*\\bthen\\s+raise\\s+exception\\b`,
    'i',
  );
  return table.triggers.some(
    ({ timing, events, function: name }) =>
      timing === 'before' && events.includes('update') && changes.test(routineNamed(name, state)?.body ?? ''),
  );
}

/** Deletes of these rows by what they point to, in a file that deletes that row too. */
export function deletedTogether(
  table: Table,
  { columns, references }: ForeignKey,
  facts: Facts,
): readonly ClientCall[] {
  const parents = allCallsOn(references, ['delete'], facts);
  return allCallsOn(table.key, ['delete'], facts).filter(
    (call) =>
      columns.every((name) => call.columns.includes(name)) &&
      parents.some(
        ({ path, line }) => path === call.path && line >= call.line && line - call.line < farthest,
      ),
  );
}

/** Lines of one function, not of a whole file. */
const farthest = 80;
