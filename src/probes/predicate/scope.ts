/** What names mean at one place of a policy: the tables that are read there, and what arguments stand for. */
import type { SyntaxNode } from '../../model/sql.ts';

export interface Source {
  readonly alias: string;
  /** Key of the table or view; null for what is made inside the query. */
  readonly key: string | null;
}

export interface Scope {
  readonly sources: Source[];
  readonly outer: Scope | null;
  /** Holds the row the policy judges. */
  readonly home?: boolean;
  /** What arguments and variables of a function stand for. */
  readonly bindings: Map<string, Bound> | null;
}

export interface Bound {
  readonly node: SyntaxNode;
  readonly scope: Scope;
}

/** A column of a table or view. */
export interface Place {
  readonly table: string;
  readonly column: string;
  /** Of the row the policy judges. */
  readonly home: boolean;
}

/** Calls are followed so far into one another. */
export const deepest = 5;

/** Their functions and tables are known by name, and not read. */
export const platformSchemas = new Set([
  'auth',
  'storage',
  'realtime',
  'vault',
  'extensions',
  'pg_catalog',
  'pgmq',
  'cron',
]);
