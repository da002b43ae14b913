/** Names that a rule needs beyond what `sql/names` spells. */
import type { SyntaxNode } from '../../../model/sql.ts';
import { keyOf, qualified, strings } from '../../../sql/names.ts';

/** Key of a RangeVar, or of a list of name strings; `public` where no schema is written. */
export function keyOfRangeVar(relation: SyntaxNode): string {
  if (Array.isArray(relation)) {
    const { schema, name } = qualified(strings(relation));
    return keyOf(schema ?? 'public', name);
  }
  return keyOf(relation.schemaname ?? 'public', relation.relname ?? '');
}

/** Key of a dotted name that is already cut into parts. */
export function keyOfParts(parts: readonly string[]): string {
  const { schema, name } = qualified(parts);
  return keyOf(schema ?? 'public', name);
}
