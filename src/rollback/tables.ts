import type { Snapshot } from '../model/catalog.ts';
import type { SyntaxNode } from '../model/sql.ts';

/** The table that a statement's RangeVar names, as a snapshot spells it; null where there is none. */
export function tableNamed(of: Snapshot, relation: SyntaxNode | undefined): string | null {
  if (!relation?.relname) return null;
  const schema = relation.schemaname ?? 'public';
  for (const name of [`${schema}.${relation.relname}`, `${schema}."${relation.relname}"`]) {
    if (of.objects.has(`table ${name}`)) return name;
  }
  return null;
}
