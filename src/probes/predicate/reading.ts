/** What comes out of reading policies: the columns, rows, claims and headers that decide them. */

export type Caller =
  | { readonly kind: 'uid' | 'email' | 'phone' }
  | { readonly kind: 'claim'; readonly path: readonly string[] }
  /** What the request carries in a header of its own: a token that a link holds. */
  | { readonly kind: 'header'; readonly header: string }
  /** A function without arguments, by key: what it returns is asked of Postgres. */
  | { readonly kind: 'function'; readonly key: string };

/** `table.column` compared with the caller. */
export interface CallerAtom {
  readonly table: string;
  readonly column: string;
  readonly caller: Caller;
  /** How the column holds it: `auth.uid() = any (column)`; the first folder of a storage path. */
  readonly form: 'plain' | 'array' | 'folder' | 'json';
  /** Which folder, from 1. */
  readonly folder?: number;
  /** Must be somebody else: `friend_id <> auth.uid()`. */
  readonly apart?: true;
}

/** `(storage.foldername(name))[1] = …`: what stands at one place of a path. */
export interface FolderAtom {
  readonly index: number;
  /** The text itself, or the column whose value it is. */
  readonly is: { readonly literal: string } | { readonly table: string; readonly column: string };
}

/** `table.column` compared with something that is neither the caller nor another column. */
export interface ValueAtom {
  readonly table: string;
  readonly column: string;
  /** Values that satisfy the atom, and values that don't; null is SQL's null. */
  readonly open: readonly (string | null)[];
  readonly closed: readonly (string | null)[];
  /** True for a column of the row the policy judges; false inside sub-selects and functions. */
  readonly home: boolean;
  /** Handed to a function, or compared by order: which of its values satisfy is only seen by trying each. */
  readonly each?: true;
}

export interface ClaimAtom {
  readonly path: readonly string[];
  readonly values: readonly string[];
}

export interface ColumnLink {
  readonly left: { readonly table: string; readonly column: string };
  readonly right: { readonly table: string; readonly column: string };
}

export interface Reading {
  readonly callers: CallerAtom[];
  readonly values: ValueAtom[];
  readonly claims: ClaimAtom[];
  readonly links: ColumnLink[];
  readonly folders: FolderAtom[];
  /** Request headers that are asked for, by name. */
  readonly headers: Set<string>;
  /** Tables and views read by sub-selects and helper functions, by key. */
  readonly tables: Set<string>;
  /** Functions called, by key. */
  readonly functions: Set<string>;
  /** Tables that a helper reads without looking at an id that it is handed: it asks of any team what it is asked of one. */
  readonly forgetful: Set<string>;
  /** What could not be followed. */
  readonly unread: Set<string>;
}

export const emptyReading = (): Reading => ({
  callers: [],
  values: [],
  claims: [],
  links: [],
  folders: [],
  headers: new Set(),
  tables: new Set(),
  functions: new Set(),
  forgetful: new Set(),
  unread: new Set(),
});

/** Stands for "some value that is not null", and for "some other value": the row builder picks one. */
export const any = '\0any';
export const other = '\0other';
