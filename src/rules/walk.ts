/**
 * One walk over a statement's tree for all rules. A visitor is called wherever the tree names its node: for the
 * statement itself, and inside for what libpg_query wraps in its name (`ColumnDef`, `Constraint`, `AlterTableCmd`,
 * `FuncCall`, `A_Const`, a CTE's `InsertStmt`, …). Nodes that stand bare under a field (`relation`, `typeName`) have no
 * name there: reach them from their parent.
 */
import type { SyntaxNode } from '../model/sql.ts';

export interface Ancestor {
  readonly kind: string;
  readonly node: SyntaxNode;
}

export type Visit = (kind: string, node: SyntaxNode, ancestors: readonly Ancestor[]) => void;

/** Calls `visit` for every named node for which `wanted` holds; `ancestors` are the named nodes around it, outermost first. */
export function walk(
  kind: string,
  node: SyntaxNode,
  wanted: { has(kind: string): boolean },
  visit: Visit,
): void {
  const ancestors: Ancestor[] = [];
  const enter = (name: string, inside: SyntaxNode) => {
    if (wanted.has(name)) visit(name, inside, ancestors);
    ancestors.push({ kind: name, node: inside });
    descend(inside);
    ancestors.pop();
  };
  const descend = (value: unknown) => {
    if (Array.isArray(value)) {
      for (const item of value) if (typeof item === 'object' && item !== null) descend(item);
      return;
    }
    const fields = value as Record<string, unknown>;
    for (const key in fields) {
      const inside = fields[key];
      if (typeof inside !== 'object' || inside === null) continue;
      if (isNodeName(key)) enter(key, inside as SyntaxNode);
      else descend(inside);
    }
  };
  enter(kind, node);
}

/** Node names are the only keys with a capital; fields are in lower case. */
export const isNodeName = (key: string) => {
  const code = key.charCodeAt(0);
  return code >= 65 && code <= 90;
};
