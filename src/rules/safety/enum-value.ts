import type { SyntaxNode } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';
import { keyOfRangeVar } from '../support/syntax/names.ts';
import { walk } from '../walk.ts';

export default rule({
  id: 'safety/enum-value',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'a new enum value that is used in the transaction that adds it',
  why: 'ALTER TYPE … ADD VALUE takes effect when the transaction commits. Until then Postgres refuses the value with 55P04 ("unsafe use of new value"), and the Supabase CLI sends the whole file as one transaction.',
  remedy:
    "Use the value in the next migration.\n\n```sql\nalter type public.mood add value 'calm';\n-- in the next migration\nupdate public.note set mood = 'calm' where mood is null;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertype.html#SQL-ALTERTYPE-NOTES'],
  fixable: false,
  file(context) {
    const added = new Map<string, string>();
    for (const statement of context.source.statements) {
      const { kind, node } = statement;
      if (kind === 'TransactionStmt' && node.kind === 'TRANS_STMT_COMMIT') added.clear();
      if (kind === 'AlterEnumStmt' && node.newVal !== undefined && node.oldVal === undefined) {
        const type = keyOfRangeVar(node.typeName);
        // A type made in the same transaction takes new values at once.
        const old = context.changed.step.before.types.get(type);
        if (old !== undefined && !old.values.includes(node.newVal)) added.set(node.newVal, type);
        continue;
      }
      if (
        added.size === 0 ||
        !/^(Insert|Update|Delete|Select|AlterTable|CreatePolicy|View|Index|CreateStmt)/.test(kind)
      )
        continue;
      const used = usedValue(kind, node, added, context);
      if (used === null) continue;
      context.report({
        message: `'${used.value}' is added to "${used.type}" above and used here. Postgres refuses a new enum value until the transaction that added it has committed (55P04), so the file fails. Use it in the next migration.`,
        at: context.placeOf(statement),
        object: used.type,
        key: used.value,
      });
      return;
    }
  },
});

const kinds = new Set(['A_Const', 'TypeCast', 'RangeVar']);

/** The literal cast to the type, or in a statement on a table that has a column of the type. */
function usedValue(kind: string, node: SyntaxNode, added: ReadonlyMap<string, string>, context: FileContext) {
  const literals = new Set<string>();
  const casts = new Set<string>();
  const tables = new Set<string>(node.relation === undefined ? [] : [context.keyOf(node.relation)]);
  walk(kind, node, kinds, (name, inner) => {
    if (name === 'RangeVar') tables.add(context.keyOf(inner));
    else if (name === 'A_Const') literals.add(inner.sval?.sval ?? '');
    else {
      const value = inner.arg?.A_Const?.sval?.sval;
      if (value !== undefined) casts.add(`${value} ${keyOfRangeVar(inner.typeName?.names ?? [])}`);
    }
  });
  for (const [value, type] of added) {
    if (!literals.has(value)) continue;
    if (casts.has(`${value} ${type}`)) return { value, type };
    const { after } = context.changed.step;
    const columns = [...tables].flatMap((table) => after.tables.get(table)?.columns ?? []);
    // A function body or a text column with the same word is no use of the type.
    if (columns.some((column) => column.type === type)) return { value, type };
  }
  return null;
}
