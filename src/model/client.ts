/** What the application's own code asks of the database. */
import type { Command } from './schema.ts';

/** A call of supabase-js, supabase-flutter, supabase-swift or supabase-kt. An `upsert` is an insert and an update. */
export interface ClientCall {
  /**
   * `user`: made with the anon key, as `anon` or as the user who signed in. `visitor`: in an Edge Function with the anon key
   * and without the user's token, so as `anon` whoever asks. `server`: on a client that the same file makes with the service
   * key. `other`: nobody can say with which; what is not there fails for it too.
   */
  readonly by: 'user' | 'visitor' | 'server' | 'other';
  /** Relative to the repository root, with forward slashes. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** Schema and name of the table, the view or, with `execute`, of the function: `public.note`. */
  readonly object: string;
  readonly command: Command | 'execute';
  /** As the code writes it: `insert`, `upsert`, `rpc`. */
  readonly method: string;
  /** Columns that the call names: selected, filtered by, ordered by or written. */
  readonly columns: readonly string[];
  /**
   * What the call gives by name, where the code shows all of it: columns of the row that is inserted or changed,
   * arguments of the function. Null where it does not, and for other commands.
   */
  readonly given: readonly string[] | null;
  /** Those of them that are given the id of who signed in: `user_id: user.id`. */
  readonly own: readonly string[];
  /** Those that are given an id, and null where there is none: `user_id: user?.id ?? null`. */
  readonly orNobody?: readonly string[];
  /** Texts that it writes there as constants, one of two included: `status: paid ? 'paid' : 'open'`. */
  readonly texts: readonly TextOfColumn[];
  /** Texts that it compares columns with, as constants: `.eq('status', 'paid')`, `.in('status', ['open', 'paid'])`. */
  readonly compared: readonly TextOfColumn[];
  /** The code lets administrators alone come to the call: `if (profile.role !== 'admin') return`. */
  readonly asksRole: boolean;
  /** It stands a few lines behind a sign-up in the same file: where addresses are confirmed, nobody is signed in yet. */
  readonly afterSignUp?: boolean;
  /** It stands a few lines before a sign-up in the same file: a form of registration asks before there is a user. */
  readonly beforeSignUp?: boolean;
  /** No code of the repository signs anybody in with Supabase Auth: as far as that shows, it comes as `anon`. */
  readonly withoutSession?: boolean;
  /** Nor in any other way, as far as it shows: it asks for no password either. */
  readonly withoutAccounts?: boolean;
  /** Columns that an upsert names as its conflict target; null where it names none, or none that is known. */
  readonly conflict: readonly string[] | null;
  /** Relations it embeds without naming the foreign key: `author:users(name)`. */
  readonly embeds: readonly string[];
  /** `.single()`: where no row comes back, that is an error. */
  readonly single: boolean;
}

export interface TextOfColumn {
  readonly column: string;
  readonly text: string;
}

/** A call on a bucket, of supabase-js or supabase-flutter: `storage.from('avatars').upload(…)`. */
export interface StorageCall extends Pick<ClientCall, 'path' | 'line'> {
  /** `handed`: on a client that comes as a parameter, in a file that shows no service key. */
  readonly by: ClientCall['by'] | 'handed';
  readonly bucket: string;
  /** As the code writes it: `upload`, `list`, `remove`. */
  readonly method: string;
  /** It replaces a file that is there: Storage then reads the row that it writes, a new one too. */
  readonly overwrites: boolean;
  /**
   * Folders of the path: the names that a folder is called after (`user.id`), null for a plain word or what is no name. Null
   * where the code does not show the path.
   */
  readonly folders: readonly (string | null)[] | null;
}
