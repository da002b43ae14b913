/** Rows with two ends: who wrote to whom, who asked whom, who talks in what. */
import type { ClientCall } from '../../../model/client.ts';
import type { Command, SchemaState, Table } from '../../../model/schema.ts';
import { rightsIn } from '../owners/rights.ts';
import { readersBeside, talkOf } from '../owners/whose.ts';
import { isCorrespondent } from '../words/person-names.ts';
import { named } from '../words/words.ts';
import { grantedWithout } from './column-grants.ts';

/** Who was asked answers, and who asks does not answer for them. */
export const whoseTurn = ([owner, ...others]: readonly string[], command: Command) =>
  command === 'update' && others.length > 0 && asks.test(owner!) ? others : [owner!, ...others];
const asks = /(^|_)(requester|requestor|inviter|initiator)(_?(user_?)?(id|uid))?$/i;

/** Both read what one wrote to the other, and who got it marks it as read. */
export const partiesBeside = (owner: string, command: Command, table: Table, state: SchemaState) =>
  command === 'select' ||
  (command === 'update' &&
    (asks.test(owner) || table.columns.some(({ name }) => /^(is_)?(read|seen)(_at)?$/i.test(name))))
    ? readersBeside(owner, table, state).filter(isCorrespondent)
    : [];

/** Whoever has a part in a conversation reads all of it, and writes nowhere else. */
export function withTalk(own: string, command: Command, table: Table, state: SchemaState): string {
  const talk = command === 'select' || command === 'insert' ? talkOf(table, state) : null;
  if (talk === null) return own;
  const [mine, theirs] = [own, talk].map((text) => (/\bor\b/i.test(text) ? `(${text})` : text));
  return command === 'select' ? `${own} or ${talk}` : `${mine} and ${theirs}`;
}

/** What one of them wrote is not the other's to change: where the code shows what it writes, no more is granted. */
export function keptByBoth(
  parties: readonly string[],
  table: Table,
  calls: readonly ClientCall[],
  state: SchemaState,
): string {
  const kept = [...parties, ...rightsIn(table, state).map(({ name }) => name)];
  const written = new Set(calls.flatMap(({ given }) => given ?? ['']));
  const others = table.columns.map(({ name }) => name).filter((name) => !written.has(name));
  return calls.length > 0 &&
    [...written].every((name) => !kept.includes(name) && table.columns.some((column) => column.name === name))
    ? `-- only what the code writes: whose it is, and what the other wrote, stays as it was\n${grantedWithout(table, 'update', others, state, calls)}`
    : `-- whose it is (${named(parties)}) stays as it was\n${grantedWithout(table, 'update', kept, state, calls)}`;
}
