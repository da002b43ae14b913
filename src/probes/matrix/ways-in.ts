/** What "some rows" stands for: one's own beside those of others, and the conditions under which the others open. */
import type { AccessCell, AccessSummary, ObjectAccess } from '../../model/access.ts';
import { passes } from '../cells.ts';

type Asked = Pick<AccessSummary, 'principal' | 'command'>;

/** A value that the probes made up stands for any: `rows where share_token holds a value`. */
export const conditionWords = (when: string): string => when.replace(/ = 'probe [^']*'/g, ' holds a value');

const cellsOf = ({ cells }: ObjectAccess, { principal, command }: Asked): readonly AccessCell[] =>
  cells.filter((cell) => cell.principal === principal && cell.command === command && passes(cell));

/** Its own rows always, beside those that a condition opens. */
export const reachesOwnToo = (object: ObjectAccess, entry: AccessSummary): boolean =>
  entry.access === 'conditional' &&
  cellsOf(object, entry).some(({ subject, when }) => subject === 'own' && when === null);

/** Each condition under which others' rows were reached, once; of one's own where there is no other. */
export function waysIn(object: ObjectAccess, asked: Asked): readonly string[] {
  const ways = cellsOf(object, asked).filter(({ when, subject }) => when !== null && subject !== 'transfer');
  const others = ways.filter(({ subject }) => subject !== 'own');
  return [...new Set((others.length > 0 ? others : ways).map(({ when }) => conditionWords(when!)))];
}
