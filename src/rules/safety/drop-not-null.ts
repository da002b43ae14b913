import { rule } from '../rule.ts';
import { alterExisting, reportLock } from '../support/statements/statements.ts';

export default rule({
  id: 'safety/drop-not-null',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'replay'],
  summary: 'DROP NOT NULL',
  why: 'Readers that never met NULL in the column will: generated TypeScript types turn to "string | null", and a policy that compares the column with auth.uid() no longer matches such rows.',
  remedy: 'See that every reader can do with NULL.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL'],
  fixable: false,
  statement: alterExisting(['AT_DropNotNull'], (command, table, statement, context, { place }) => {
    const known = context.set.before.tables.get(table);
    const column = known?.columns.find(({ name }) => name === command.name);
    if (known !== undefined && column?.notNull !== true) return;
    // Put back at the end of the same change.
    if (context.set.after.tables.get(table)?.columns.find(({ name }) => name === command.name)?.notNull)
      return;
    reportLock(context, statement, {
      message: `"${command.name}" of "${table}" may be NULL from here on. Clients and policies that count on a value will meet none. See that every reader can do with NULL.`,
      at: place,
      object: table,
      key: command.name,
    });
  }),
});
