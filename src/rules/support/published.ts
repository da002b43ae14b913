/** What its grants and its body say a function is for. */
import type { Routine } from '../../model/schema.ts';
import { codeOf } from './bodies.ts';

/**
 * A statement grants it to visitors by name: it was made for them where EXECUTE was first taken from everybody, and
 * else where it only reads.
 */
export const isPublished = (routine: Routine) =>
  isGrantedTo(routine, 'anon') &&
  (!routine.grants.some(({ grantee, privilege }) => grantee === 'public' && privilege === 'execute') ||
    isLookup(routine));

/** A statement grants it to that role by name. */
export const isGrantedTo = ({ grants }: Routine, role: string) =>
  grants.some(
    ({ grantee, privilege, origin }) => grantee === role && privilege === 'execute' && origin !== null,
  );

/** It only reads, and gives no whole rows of a table: those hold columns that nobody thought of. */
export const isLookup = (routine: Routine) =>
  !/^setof (?!record)[\w".]+\.[\w"]+$/i.test(routine.returns) && onlyReads(routine);

/** What writes for a user (points, a freeze) is not every user's to call for themselves. */
export const onlyReads = ({ body }: Routine) =>
  !/\b(insert\s+into|update|delete\s+from|truncate|merge\s+into|execute|perform)\b/i.test(codeOf(body).bare);
