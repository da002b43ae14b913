/** Names of a condition that nothing but a column of its own table can answer to. */
import type { SyntaxNode } from '../../../model/sql.ts';

/** Bare ones outside of sub-selects. */
export function ownNames(tree: unknown): readonly string[] {
  const names: string[] = [];
  const enter = (value: unknown) => {
    if (Array.isArray(value)) return value.forEach(enter);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inside] of Object.entries(value)) {
      if (key === 'SubLink') enter((inside as SyntaxNode).testexpr);
      else if (key === 'ColumnRef') {
        const fields = (inside as SyntaxNode).fields ?? [];
        if (fields.length === 1 && fields[0].String !== undefined) names.push(fields[0].String.sval);
      } else enter(inside);
    }
  };
  enter(tree);
  return names;
}

/** Each table has them. */
export const ofTheSystem: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);
