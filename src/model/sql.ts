/** SQL as text with positions. Syntax trees are those of libpg_query: one key, the node's name. */
import type { Span } from './finding.ts';

// biome-ignore lint/suspicious/noExplicitAny: libpg_query's tree is open; visitors narrow by node name.
export type SyntaxNode = Record<string, any>;

export interface Statement {
  /** 0-based within the file. */
  readonly index: number;
  /** libpg_query's node name: `CreateStmt`, `AlterTableStmt`, … */
  readonly kind: string;
  /** The node's inside: the value under `kind`. */
  readonly node: SyntaxNode;
  /** UTF-16 offsets into the file's text; leading comments, white space and the semicolon excluded. */
  readonly start: number;
  readonly end: number;
  /** Exactly what stands between `start` and `end`. */
  readonly sql: string;
  readonly span: Span;
}

export interface SqlComment {
  readonly start: number;
  readonly end: number;
  /** With its dashes or slashes. */
  readonly text: string;
  readonly line: number;
  readonly endLine: number;
  readonly block: boolean;
}

export interface SyntaxIssue {
  readonly message: string;
  readonly span: Span;
}

/** `-- guard-ignore rule, rule: reason` */
export interface Suppression {
  readonly rules: readonly string[];
  readonly reason: string;
  readonly line: number;
  /** Lines it covers; null for the whole file. */
  readonly covers: { readonly from: number; readonly to: number } | null;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly comments: readonly SqlComment[];
  readonly suppressions: readonly Suppression[];
  /** Set where Postgres can't parse the file: `statements` then holds what stands before the error, if anything could be parsed. */
  readonly issue: SyntaxIssue | null;
  /** Position of a UTF-16 offset of `text`. */
  position(offset: number): { readonly line: number; readonly column: number };
  /** UTF-16 offset of a UTF-8 byte offset, as `location` in a syntax tree gives it. */
  offsetOfByte(byte: number): number;
}
