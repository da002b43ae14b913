import { type FileContext, rule } from '../rule.ts';
import { alterExisting, commandsOf, reportLock } from '../support/statements/statements.ts';

export default rule({
  id: 'safety/drop-primary-key',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a primary key that is dropped and not put back',
  why: 'Where the table is in a publication, Realtime’s for one, every UPDATE and DELETE of it then fails with 55000. ON CONFLICT (id) fails with 42P10, and the Data API can no longer embed by it.',
  remedy:
    'Replace it in one statement.\n\n```sql\nalter table public.note\n  drop constraint note_pkey,\n  add constraint note_pkey primary key using index note_new_pkey;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/logical-replication-publication.html#LOGICAL-REPLICATION-PUBLICATION-REPLICA-IDENTITY',
  ],
  fixable: false,
  statement: alterExisting(['AT_DropConstraint'], (command, table, statement, context, { place }) => {
    if (context.set.before.tables.get(table)?.primaryKey?.name !== command.name) return;
    const replaced = context.source.statements.some(
      ({ kind, node }) =>
        kind === 'AlterTableStmt' &&
        context.keyOf(node.relation) === table &&
        commandsOf(node).some(({ def }) => def?.Constraint?.contype === 'CONSTR_PRIMARY'),
    );
    if (replaced || context.set.after.tables.get(table)?.primaryKey) return;
    reportLock(context, statement, {
      message: `The primary key of "${table}" is dropped and not put back. ON CONFLICT on it fails with 42P10, and UPDATE and DELETE with 55000 where a publication such as Realtime's holds the table. Replace it in the same statement.`,
      at: place,
      object: table,
      ...(keyGoes(table, context) ? { severity: 'info' as const } : {}),
    });
  }),
});

/** The column goes as well: nobody asks for it any more. */
const keyGoes = (table: string, { set }: FileContext) => {
  const columns = set.before.tables.get(table)?.primaryKey?.columns ?? [];
  const left = set.after.tables.get(table)?.columns;
  return (
    columns.length > 0 && left !== undefined && columns.every((name) => !left.some((c) => c.name === name))
  );
};
