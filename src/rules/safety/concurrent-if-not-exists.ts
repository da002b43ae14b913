import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { isVerbatim, namesOf, sql } from '../support/statements/statements.ts';

export default rule({
  id: 'safety/concurrent-if-not-exists',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS',
  why: 'A concurrent build that fails leaves an invalid index of that name. On the next try IF NOT EXISTS finds the name and does nothing: the migration is recorded, and the index is never used.',
  remedy:
    'Drop what a failed try left, then build.\n\n```sql\ndrop index concurrently if exists public.idx_note_user_id;\ncreate index concurrently idx_note_user_id on public.note (user_id);\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY'],
  fixable: true,
  file(context) {
    const dropped = new Set<string>();
    for (const statement of context.source.statements) {
      const { kind, node } = statement;
      if (kind === 'DropStmt' && node.removeType === 'OBJECT_INDEX') {
        for (const object of node.objects ?? []) dropped.add(namesOf(object).at(-1)!);
      }
      if (kind !== 'IndexStmt' || node.concurrent !== true || node.if_not_exists !== true) continue;
      if (dropped.has(node.idxname)) continue;
      // It stands, built by a file that ran to its end: this does nothing.
      const standing = context.set.before.tables.get(context.keyOf(node.relation))?.indexes;
      if (standing?.some(({ name, valid }) => name === node.idxname && valid) === true) continue;
      // The file looks itself whether the index is valid.
      if (/\bindisvalid\b/i.test(context.source.text.slice(statement.end))) continue;
      const schema = node.relation.schemaname;
      const name = `${schema === undefined ? '' : `${quoteIdent(schema)}.`}${quoteIdent(node.idxname)}`;
      const drop = `drop index concurrently if exists ${name};`;
      context.report({
        message: `If this build fails, it leaves an invalid index "${node.idxname}". On the next try IF NOT EXISTS finds the name and does nothing, so the index is never usable. Drop it first.`,
        at: context.placeOf(statement),
        object: context.keyOf(node.relation),
        key: node.idxname,
        help: sql(drop, `${statement.sql.replace(/\s+if\s+not\s+exists/i, '')};`),
        ...(isVerbatim(context, statement)
          ? {
              fix: {
                title: 'Drop what a failed try left',
                edits: [context.edit(statement.start, statement.start, `${drop}\n`)],
              },
            }
          : {}),
      });
    }
  },
});
