/** From a syntax tree back to SQL. Apart from the parser, so that a run that only reads does not load it. */
import { deparseSync } from 'pgsql-deparser';
import type { SyntaxNode } from '../model/sql.ts';

/** SQL of a statement's or an expression's tree; throws where the tree is no such thing. */
export function deparse(node: SyntaxNode): string {
  return deparseSync(node as Parameters<typeof deparseSync>[0]);
}
