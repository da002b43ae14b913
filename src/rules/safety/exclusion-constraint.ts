import { rule } from '../rule.ts';
import { alterFilled } from '../support/statements/statements.ts';
import { reportWait } from '../support/tables/small-tables.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'safety/exclusion-constraint',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'ADD CONSTRAINT … EXCLUDE that builds its index under an exclusive lock',
  why: 'The index of an exclusion constraint is built under ACCESS EXCLUSIVE. There is no concurrent form, and none that adopts an index.',
  remedy:
    "Run it when the table is small or nobody uses it, with a short `lock_timeout`.\n\n```sql\nset lock_timeout = '2s';\nalter table public.booking add constraint no_overlap exclude using gist (room with =, during with &&);\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createtable.html#SQL-CREATETABLE-EXCLUDE'],
  fixable: false,
  statement: alterFilled(['AT_AddConstraint'], (command, table, statement, context, { place }) => {
    const constraint = command.def?.Constraint;
    if (constraint?.contype !== 'CONSTR_EXCLUSION') return;
    reportWait(context, statement, {
      message: `The exclusion constraint builds its index while reads and writes on "${table}" wait. There is no concurrent form. Run it when the table is small or out of use, with a short "lock_timeout".`,
      at: place,
      object: table,
      key: constraint.conname ?? '',
      help: sqlFence(`set lock_timeout = '2s';\n${context.textOf(statement)};`),
    });
  }),
});
