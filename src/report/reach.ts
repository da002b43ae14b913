/** How far somebody reaches into an object, in words. */
import type { Access, AccessSummary, ObjectAccess } from '../model/access.ts';
import { reachesOwnToo } from '../probes/matrix/ways-in.ts';

/** How far somebody reaches, in words; null where there is no such object or command. */
const reachWord: Readonly<Record<Access, string>> = {
  none: 'nothing',
  own: 'own rows',
  all: 'all rows',
  conditional: 'some rows',
  unknown: 'not known',
};
export const reachWords = (access: Access | null): string =>
  access === null ? 'gone' : (reachWord[access] ?? access);

export const wordsOf = (object: ObjectAccess, entry: AccessSummary): string =>
  reachesOwnToo(object, entry) ? 'own rows and some of others' : reachWords(entry.access);
