/** What the application's own code asks of a bucket. */
import type { StorageCall } from '../../../model/client.ts';
import type { Facts } from '../../../model/facts.ts';

/** Those as a user, or on a client that is handed in: nothing shows a server's. */
export const bucketCallsOfUsers = (bucket: string, { storageCalls }: Facts): readonly StorageCall[] =>
  storageCalls.filter((call) => call.bucket === bucket && call.by !== 'other' && call.by !== 'server');

/** By which a path is made, whoever asks. */
export const putsInto = (bucket: string, { storageCalls }: Facts): readonly StorageCall[] =>
  storageCalls.filter(
    (call) => call.bucket === bucket && (call.method === 'upload' || call.method === 'update'),
  );

export const overwriting = (calls: readonly StorageCall[]) => calls.filter(({ overwrites }) => overwrites);

/** Those for which the row of a file is read that is there, and not only to change or to remove it. */
export const lookingUp = (calls: readonly StorageCall[]) =>
  calls.filter(({ method }) => /^(list|copy|createSignedUrls?)$/.test(method));

export interface Named {
  /** What a folder is called after, in words of the database: `tenant` of `user.tenantId`. */
  readonly stem: string;
  /** From 1, as SQL counts. */
  readonly at: number;
  readonly name: string;
}

/** The folder of the path that an id names; null where none does. */
export function namedFolder({ folders }: StorageCall): Named | null {
  for (const [index, name] of (folders ?? []).entries()) {
    const stem = name === null ? null : stemOf(name);
    if (stem !== null) return { stem, at: index + 1, name: name! };
  }
  return null;
}

/** `tenant` of `user.tenantId`, `card` of `cardData.id`; null for what is no id. */
function stemOf(name: string): string | null {
  const parts = name.split('.').map((part) => part.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase());
  const last = parts.at(-1)!;
  if (last === 'uid') return 'user';
  const written = /^(uu)?id$/.test(last) ? parts.at(-2) : /^(\w+)_(uu)?id$/.exec(last)?.[1];
  return (
    written
      ?.replace(/^(current|selected|new|active|saved|created|existing|inserted|my|this|the)_/, '')
      .replace(/_(data|row|record|rec|item|obj|info|details|res|result)$/, '') || null
  );
}

/** The folder is called after who signed in. */
export const isOwnFolder = (named: Named | null): boolean =>
  named !== null && /^((auth|session|supabase|logged_in)_)?(user|profile|owner|me|self)$/.test(named.stem);
