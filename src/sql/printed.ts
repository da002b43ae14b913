/** Expressions as Postgres prints them: parsed when somebody looks at their tree. */
import type { Expression } from '../model/schema.ts';
import type { SyntaxNode } from '../model/sql.ts';
import { parseExpression, parseStatements } from './parse.ts';

export function printedExpression(text: string): Expression {
  return lazy(text, () => parseExpression(text));
}

/** A view's query. */
export function printedQuery(text: string): Expression {
  return lazy(text, () => {
    const statement = parseStatements(text)?.[0];
    return statement === undefined ? null : { [statement.kind]: statement.node };
  });
}

function lazy(text: string, parse: () => SyntaxNode | null): Expression {
  let node: SyntaxNode | null | undefined;
  return {
    text,
    get node() {
      if (node === undefined) node = parse();
      return node;
    },
  };
}
