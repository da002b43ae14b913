/** What its grants and its body say a function is for. */
import type { Routine } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { isToken } from '../owners/owners.ts';
import { codeOf } from '../syntax/bodies.ts';

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

/** Who brings the token, the invitation's code, is who may: the row is looked up by what only they know. */
export function isKnowing({ arguments: all, body }: Routine): boolean {
  const { bare } = codeOf(body);
  return all.some(({ name, mode }) => {
    if (
      mode === 'out' ||
      mode === 'table' ||
      name === null ||
      !(isToken(plain(name)) || isSecretWord(plain(name)))
    )
      return false;
    const word = `\\b${escapeRegExp(name)}\\b`;
    const stored = new RegExp(`\\bset\\b(?:(?!\\bwhere\\b)[^;])*${word}|\\bvalues\\b[^;]*${word}`, 'i');
    return new RegExp(word, 'i').test(bare) && !stored.test(bare);
  });
}

/** Without what says only that it is an argument. */
const plain = (name: string) => name.replace(/^(p|v|in|_)_|_(param|arg|input|in)$|_$/gi, '');

/** Only an argument may be called so: a column "code" or "pin" need not be a secret. */
const isSecretWord = (name: string) =>
  /(^|_)(pin|passcode|pass|pwd|signature|hmac|nonce|hash|token_hash|(access|invite|invitation|join|login|verification|confirmation|recovery|share|session|pairing|claim|reset)_?(code|key|token))$/i.test(
    name,
  );
