/** The statements of a function's body, parsed once: the body of LANGUAGE sql, the static SQL of one in PL/pgSQL. */
import type { Routine } from '../model/schema.ts';
import type { SyntaxNode } from '../model/sql.ts';
import { parseStatements } from './parse.ts';
import { readPlpgsql } from './plpgsql-queries.ts';

export interface BodyStatement {
  readonly kind: string;
  readonly node: SyntaxNode;
  /** A handler around it catches an error. */
  readonly caught: boolean;
}

const cache = new Map<string, readonly BodyStatement[]>();

/** None of what can't be made out. */
export function statementsOf({ language, body }: Routine): readonly BodyStatement[] {
  if (language !== 'sql' && language !== 'plpgsql') return [];
  const key = `${language} ${body}`;
  let statements = cache.get(key);
  if (statements === undefined) {
    statements =
      language === 'sql'
        ? parsed(body, false)
        : (readPlpgsql(body)?.queries ?? []).flatMap(({ sql, caught }) => parsed(sql, caught.length > 0));
    // Several rules ask one after the other; trees are large, and a long history has many bodies.
    if (cache.size > 500) cache.clear();
    cache.set(key, statements);
  }
  return statements;
}

const parsed = (sql: string, caught: boolean): readonly BodyStatement[] =>
  (parseStatements(sql) ?? []).map(({ kind, node }) => ({ kind, node, caught }));
