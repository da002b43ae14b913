/**
 * What a rule is. One file a rule, one folder a category: facts in, problems out; pure and synchronous.
 * A newcomer finds `rls/disabled` in `src/rules/rls/disabled.ts`, its page in `docs/rules/rls/disabled.md`, its cases in
 * `fixtures/rules/rls/disabled/`.
 */
import type { ChangedMigration, ChangeSet, Facts } from '../model/facts.ts';
import type { Edit, Evidence, Fix, Place, Severity } from '../model/finding.ts';
import type {
  Bucket,
  Extension,
  ObjectRef,
  Origin,
  Publication,
  Routine,
  SchemaState,
  Sequence,
  Table,
  View,
} from '../model/schema.ts';
import type { SourceFile, Statement, SyntaxNode } from '../model/sql.ts';
import type { Ancestor } from './walk.ts';

export type RuleLevel = Severity | 'off';

/** One thing that is wrong, before severities, suppressions and merging. */
export interface Problem {
  /** What is wrong; why it matters; what to do. Full stops, names in double quotes as Postgres prints them. */
  readonly message: string;
  /** Where: a statement, a place, or null for the project as a whole. */
  readonly at: Place | null;
  readonly object?: string | null;
  /** What else tells it from another finding of this rule on this object: role, command, column. Never a line. */
  readonly key?: string;
  /** Where this case is graver or milder than the rule's default. A severity set in the configuration wins. */
  readonly severity?: Severity;
  /** Default: the rule's first evidence. */
  readonly evidence?: readonly Evidence[];
  /** Ids of rules whose findings on the same object this one explains and swallows. */
  readonly causes?: readonly string[];
  readonly help?: string;
  readonly repro?: string;
  readonly fix?: Fix;
  /** What its fix switches on the table, where it writes no object anew. */
  readonly switches?: 'rls';
}

/** What is said of a case, where its place and its object are known. */
export type Told = Omit<Problem, 'at' | 'object' | 'evidence' | 'causes'>;

/** What every hook gets. */
export interface RuleContext {
  readonly facts: Facts;
  /** The rule's options from the configuration, merged over its defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  report(problem: Problem): void;
}

/** Hooks on a changed migration. */
export interface FileContext extends RuleContext {
  readonly changed: ChangedMigration;
  readonly source: SourceFile;
  readonly set: ChangeSet;
  /** All statements in the order they run, those inside DO blocks behind their block. */
  readonly statements: readonly Statement[];
  /** Place of a whole statement, of a byte offset in the tree (`location`, to the end of that token), or of UTF-16 offsets. */
  placeOf(statement: Statement): Place;
  placeOfByte(byte: number): Place;
  placeOfRange(start: number, end: number): Place;
  /** The statement as it is written, without comments before it and without its semicolon. */
  textOf(statement: Statement): string;
  edit(start: number, end: number, text: string): Edit;
  /** True where this pull request made the object itself: lock and rewrite rules are silent then. */
  isNew(kind: ObjectRef['kind'], key: string): boolean;
  /** True where the file itself shows that the table holds no rows when that statement runs: nothing is read, rewritten or lost. */
  isEmpty(table: string, at: Statement): boolean;
  /** True where this pull request drops that table by name: what else happens to it then matters little. */
  isDropped(table: string): boolean;
  /** Key of a RangeVar (or a list of name strings): `public` where no schema is written and nothing else is known. */
  keyOf(relation: SyntaxNode): string;
}

/** Hooks on the objects of a state. Called for those that the change set touched, on its state before and after. */
export interface StateContext extends RuleContext {
  readonly state: SchemaState;
  readonly set: ChangeSet;
  /** Place for a finding about this object: its origin, else null. */
  home(origin: Origin): Place | null;
  /** True where that schema is one the Data API exposes. */
  exposed(schema: string): boolean;
}

/**
 * Called wherever the tree names the node: for the statement itself and for every node inside that libpg_query wraps in
 * its name (`ColumnDef`, `Constraint`, `AlterTableCmd`, `FuncCall`, a CTE's `InsertStmt`). `ancestors` are the named
 * nodes around it, outermost first. Inside a DO block, `statement` is the inner statement.
 */
export type StatementVisitor = (
  node: SyntaxNode,
  statement: Statement,
  context: FileContext,
  ancestors: readonly Ancestor[],
) => void;

export interface Rule {
  /** `category/name`, stable for ever; also the path of its file. */
  readonly id: string;
  readonly severity: { readonly recommended: RuleLevel; readonly strict: RuleLevel };
  readonly evidence: readonly Evidence[];
  /** One line: what it finds. */
  readonly summary: string;
  /** Why it matters: a short paragraph, with what Postgres or Supabase does. */
  readonly why: string;
  /** What to do: prose, then SQL in a fence where there is some. */
  readonly remedy: string;
  /** Version of this tool that brought it. */
  readonly since: string;
  /** Manual pages, issues: where the claim comes from. */
  readonly sources: readonly string[];
  readonly fixable: boolean;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Its options that are text are regular expressions; `{table}` in them stands for a name. */
  readonly patterns?: boolean;
  /**
   * Rules whose finding at the same place this rule's finding backs: it then lends them its evidence, help and repro
   * instead of standing alone.
   */
  readonly backs?: readonly string[];
  /** What its probes saw is an error or a refusal that was not meant, and nobody who gets too far. */
  readonly refusal?: true;

  /** By node name, for each statement of a changed migration; `DO` blocks' literal DDL included. */
  readonly statement?: Readonly<Record<string, StatementVisitor>>;
  /** Once a changed file. */
  readonly file?: (context: FileContext) => void;
  /** Objects of the state. What is found before and after alike was there before: not new. */
  readonly table?: (table: Table, context: StateContext) => void;
  readonly view?: (view: View, context: StateContext) => void;
  readonly routine?: (routine: Routine, context: StateContext) => void;
  readonly sequence?: (sequence: Sequence, context: StateContext) => void;
  readonly extension?: (extension: Extension, context: StateContext) => void;
  readonly publication?: (publication: Publication, context: StateContext) => void;
  readonly bucket?: (bucket: Bucket, context: StateContext) => void;
  /** Once a state, for what no single object shows. Same before and after. */
  readonly state?: (context: StateContext) => void;
  /** Once a change set: what needs the whole of it (history, order of statements over files). */
  readonly set?: (context: RuleContext & { readonly set: ChangeSet }) => void;
  /** Once a run, on what replay, probes and rollback saw. Everything reported here is new unless `preexisting`. */
  readonly facts?: (context: RuleContext & { preexisting(problem: Problem): void }) => void;
}

/** Identity, for type-checking a rule where it is written. */
export const rule = (definition: Rule): Rule => definition;
