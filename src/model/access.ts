/** Who can reach which rows: what the probes saw. */
import type { NotChecked } from './finding.ts';
import type { Command } from './schema.ts';

export type Principal = 'anon' | 'user' | 'user-anonymous' | 'service_role';
export type Access = 'none' | 'own' | 'all' | 'conditional' | 'unknown';
export type Subject = 'own' | 'foreign' | 'unowned' | 'spoof' | 'transfer';
export type ProbeOutcome =
  | 'allowed'
  | 'no-permission'
  | 'filtered'
  | 'check-failed'
  | 'constraint'
  | 'error'
  | 'unknown';

export interface Proof {
  /** The principal, spelled out: `anon`, `user A`, `service_role`, `postgres (control)`. */
  readonly as: string;
  readonly sql: string;
  readonly result: string;
}

export interface AccessCell {
  readonly principal: Principal;
  readonly command: Command | 'execute';
  readonly subject: Subject;
  readonly outcome: ProbeOutcome;
  /** For update: the columns that were written; for select under column grants: those readable. */
  readonly columns: readonly string[];
  /** False where the write works and RETURNING of its row does not. */
  readonly representation: boolean;
  /** Condition under which it holds: `rows where is_public = true`. Null: always. */
  readonly when: string | null;
  /** Object through which it was reached: a membership table, a view. */
  readonly via: string | null;
  /** True where a plain row in `via` for the caller's own organisation opened a row of another one. */
  readonly acrossTenants?: boolean;
  /** What the row of another holds, and without which it can't be read: `type = 'general'`. */
  readonly state?: string;
  /** A row of the caller's without which it stays closed. */
  readonly footing?: Footing;
  /** Of a function: what a call did with the row. */
  readonly reached?: Reached;
  readonly proof: readonly Proof[];
  /** Why the outcome is `unknown`, or the error's text. */
  readonly reason: string | null;
}

/** A value of it came out, it changed, it was made in another's name, or nothing of it came out but a number that it goes into. */
export type Reached =
  | { readonly how: 'gave'; readonly column: string }
  | { readonly how: 'changed' | 'made' | 'counted' };

/** Where somebody must stand, and how it comes to: by sign-up, which gives everybody that rank, or by nothing it can do. */
export interface Footing {
  readonly table: string;
  readonly given: 'nowhere' | 'sign-up';
  readonly rank?: string;
}

export interface AccessSummary {
  readonly principal: Principal;
  readonly command: Command | 'execute';
  readonly access: Access;
}

export interface ObjectAccess {
  readonly object: string;
  readonly kind: 'table' | 'view' | 'function' | 'bucket' | 'channel';
  readonly rls: boolean | null;
  readonly summary: readonly AccessSummary[];
  readonly cells: readonly AccessCell[];
  /** Columns by which the probes knew a row's owner. */
  readonly ownerColumns: readonly string[];
}

export interface AccessChange {
  readonly object: string;
  readonly principal: Principal;
  readonly command: Command | 'execute';
  readonly before: Access | null;
  readonly after: Access | null;
  readonly direction: 'widened' | 'narrowed' | 'shifted' | 'unclear';
  /** Where before and after are called the same: the ways in that are new, and those that are gone: `with a row in public.members`, `to others' rows`. */
  readonly gained?: readonly string[];
  readonly lost?: readonly string[];
}

/** A policy or what it calls raised an error. */
export interface PolicyError {
  readonly object: string;
  readonly principal: Principal;
  readonly command: Command;
  readonly sqlstate: string;
  readonly message: string;
  /** Where a right is missing: whether the role reaches anything once it is given. Null: not tried. */
  readonly opens: boolean | null;
  readonly proof: Proof;
}

/** A row that what runs at sign-up points to by a constant, and that no migration makes. */
export interface NeededRow {
  readonly table: string;
  readonly column: string;
  readonly value: string;
  /** True where the probes laid it and signed up once more. */
  readonly laid: boolean;
  /** What a sign-up without it says. */
  readonly error: NonNullable<SignUpRun['error']>;
}

export interface SignUpRun {
  readonly variant: 'email-metadata' | 'email' | 'phone' | 'anonymous';
  readonly status: 'works' | 'fails';
  readonly step: string | null;
  readonly error: {
    readonly sqlstate: string;
    readonly message: string;
    readonly where: string | null;
  } | null;
  /** Rows that this sign-up created: table to number. */
  readonly created: Readonly<Record<string, number>>;
  /** Rows that it needs; absent where it needs none. */
  readonly needs?: readonly NeededRow[];
}

/** A statement by which it wrote to a table. */
export interface Step {
  readonly command: Extract<Command, 'insert' | 'update' | 'delete'>;
  /** By column; of a row that it may insert anyhow at least what makes it another. */
  readonly values: Readonly<Record<string, string | null>>;
}

/** Something one principal obtained that opens more: the chain of statements, in order. */
export interface Escalation {
  readonly object: string;
  /** Empty where the row stands and opens nothing: a child under a hidden parent. */
  readonly opens: string;
  readonly principal: Principal;
  readonly kind:
    | 'membership'
    | 'role-column'
    | 'ownership'
    | 'function'
    | 'claim'
    | 'hook'
    | 'entry'
    | 'sign-up'
    | 'foreign-parent';
  /** What it sent to `object`, in order. None where a function wrote there, a sign-up, or only the token says it. */
  readonly steps: readonly Step[];
  /** The command by which it reached what opens. */
  readonly reaches?: AccessCell['command'];
  /** Its row stands beside the other's in what it takes over: somebody let it in. */
  readonly asMember?: true;
  /** True where whoever joined saw before what it joined: an event that all see, an open group. */
  readonly inTheOpen?: boolean;
  /** What another's row holds once it is refused: `role = 'admin'`. Only whoever comes first gets there. */
  readonly until?: string;
  /** Function that signs into the token what was written. */
  readonly hook?: string;
  /** A row without which it can't be tried, and that nobody comes to have by itself. */
  readonly footing?: Footing;
  readonly proof: readonly Proof[];
}

/** Everything probed on one state of the database. */
export interface AccessMatrix {
  readonly objects: readonly ObjectAccess[];
  readonly signUps: readonly SignUpRun[];
  readonly policyErrors: readonly PolicyError[];
  readonly escalations: readonly Escalation[];
  readonly notChecked: readonly NotChecked[];
}

/** A word, or the conditions under which others' rows are reached, and no others: as the matrix spells them. */
export type DeclaredAccess = Access | { readonly conditional: readonly string[] };

/** Object to principal to command to access: the `access` key of the configuration file. */
export type AccessDeclaration = Readonly<
  Record<
    string,
    Readonly<Partial<Record<Principal, Readonly<Partial<Record<Command | 'execute', DeclaredAccess>>>>>>
  >
>;

/** Where what was seen is not what was declared: more, less, or not there at all. */
export interface AccessDeviation {
  readonly object: string;
  readonly principal: Principal;
  readonly command: Command | 'execute';
  readonly expected: Access;
  /** Null: the object or the command was not probed. */
  readonly seen: Access | null;
  readonly direction: 'more' | 'less' | 'unproven';
  /** Where conditions are declared: those beyond them, or those that no longer hold. */
  readonly conditions?: readonly string[];
  /** What shows it; null where nothing was seen. */
  readonly cell: AccessCell | null;
}

export interface AccessFacts {
  readonly base: AccessMatrix | null;
  readonly head: AccessMatrix;
  readonly changes: readonly AccessChange[];
  /** Against the configuration's `access`, on the head. */
  readonly deviations: readonly AccessDeviation[];
  readonly declared: AccessDeclaration;
}
