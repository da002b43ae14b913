/** A new name in every expression that names something by its old one. */
import type { Expression } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import type { Draft } from './draft.ts';
import { mentions, rewritten, tableMentions, type Uses, usesOf } from './references.ts';

export type Replacements = ReadonlyMap<SyntaxNode, SyntaxNode>;

/** Writes every expression anew that names something which gets another name. */
export function renameInExpressions(
  draft: Draft,
  oldName: string,
  newName: string,
  find: (uses: Uses) => Replacements,
): void {
  const change = <T extends Expression | null>(expression: T, own: string): T => {
    if (expression === null || !mentions(expression, oldName)) return expression;
    return rewritten(expression, find(usesOf(draft, expression.node, own)), oldName, newName) as T;
  };
  draft.each('view', (view) => {
    const definition = change(view.definition, '');
    return definition === view.definition ? view : { ...view, definition };
  });
  draft.each('table', (table) => {
    if (!tableMentions(table, oldName)) return table;
    const own = table.key;
    let different = false;
    const map = <T>(list: readonly T[], each: (entry: T) => T): readonly T[] => {
      const changed = list.map(each);
      if (changed.every((entry, at) => entry === list[at])) return list;
      different = true;
      return changed;
    };
    const policies = map(table.policies, (policy) => {
      const using = change(policy.using, own);
      const check = change(policy.check, own);
      return using === policy.using && check === policy.check ? policy : { ...policy, using, check };
    });
    const checks = map(table.checks, (check) => {
      const expression = change(check.expression, own);
      return expression === check.expression ? check : { ...check, expression };
    });
    const columns = map(table.columns, (column) => {
      const value = change(column.default, own);
      const generated = change(column.generated, own);
      return value === column.default && generated === column.generated
        ? column
        : { ...column, default: value, generated };
    });
    const indexes = map(table.indexes, (index) => {
      const predicate = change(index.predicate, own);
      const expressions = index.expressions.map((expression) => change(expression, own));
      const same = expressions.every((expression, at) => expression === index.expressions[at]);
      return predicate === index.predicate && same ? index : { ...index, predicate, expressions };
    });
    return different ? { ...table, policies, checks, columns, indexes } : table;
  });
}
