/** The structure of a PL/pgSQL block, as far as it decides which statements run. */

/** Offsets in the text that was parsed. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

export type PlStatement =
  | {
      readonly kind: 'block';
      readonly at: Stretch;
      readonly declarations: readonly Declaration[];
      readonly body: readonly PlStatement[];
      /** Conditions of its handlers in lower case: `duplicate_object`, `others`. */
      readonly catches: readonly string[];
      readonly handlers: readonly (readonly PlStatement[])[];
    }
  | {
      readonly kind: 'if';
      readonly at: Stretch;
      readonly branches: readonly { readonly condition: Stretch; readonly body: readonly PlStatement[] }[];
      readonly otherwise: readonly PlStatement[];
    }
  | { readonly kind: 'case'; readonly at: Stretch; readonly branches: readonly (readonly PlStatement[])[] }
  | {
      readonly kind: 'loop';
      readonly at: Stretch;
      readonly form: 'query' | 'execute' | 'range' | 'array' | 'while' | 'endless';
      readonly variables: readonly string[];
      /** The query, the range, the array, the condition. */
      readonly over: Stretch;
      readonly body: readonly PlStatement[];
    }
  | { readonly kind: 'execute'; readonly at: Stretch; readonly expression: Stretch; readonly into: boolean }
  | ({ readonly kind: 'assign'; readonly at: Stretch } & Assignment)
  /** SELECT … INTO variables. */
  | {
      readonly kind: 'select into';
      readonly at: Stretch;
      readonly variables: readonly string[];
      /** The query without its INTO. */
      readonly query: string;
    }
  | { readonly kind: 'raise'; readonly at: Stretch; readonly exception: boolean }
  | {
      readonly kind: 'leave';
      readonly at: Stretch;
      readonly how: 'return' | 'exit' | 'continue';
      /** Of RETURN QUERY. */
      readonly query: Stretch | null;
    }
  | { readonly kind: 'perform'; readonly at: Stretch; readonly expression: Stretch }
  | { readonly kind: 'sql'; readonly at: Stretch };

export interface Assignment {
  readonly variable: string;
  readonly expression: Stretch | null;
}

export interface Declaration extends Assignment {
  /** As written, CONSTANT and NOT NULL included. */
  readonly type: string;
}

/** What a block has Postgres evaluate: a whole statement, or what stands behind a SELECT. */
export interface Evaluated extends Stretch {
  readonly as: 'statement' | 'expression';
  /** Conditions that handlers around it catch, in lower case. */
  readonly caught: readonly string[];
  /** Whether every call comes to it: nothing around it decides, and nothing before it can leave. */
  readonly always: boolean;
}

export interface PlBlock {
  readonly block: PlStatement;
  /** In the order of the text; dynamic SQL only as the expression that makes it. */
  readonly evaluated: readonly Evaluated[];
}
