import { rule } from '../rule.ts';
import { alterExisting, reportLock, sql } from '../support/statements/statements.ts';

export default rule({
  id: 'safety/attach-unvalidated',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'ATTACH PARTITION of a table with rows and no CHECK that matches its bounds',
  why: 'Postgres reads every row of the table to see that it fits the bounds, under an ACCESS EXCLUSIVE lock on it. With a validated CHECK that says the same it need not read.',
  remedy:
    "Add and validate the CHECK first, attach in the next migration.\n\n```sql\nalter table public.event_2026 add constraint fits check (day >= '2026-01-01' and day < '2027-01-01') not valid;\nalter table public.event_2026 validate constraint fits;\n```",
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE',
  ],
  fixable: false,
  statement: alterExisting(['AT_AttachPartition'], (command, table, statement, context, { place }) => {
    const child = context.keyOf(command.def?.PartitionCmd?.name ?? {});
    if (context.isNew('table', child) || context.isEmpty(child, statement)) return;
    if (context.set.before.tables.get(child)?.checks.some(({ validated }) => validated)) return;
    reportLock(context, statement, {
      message: `Attaching "${child}" reads all its rows under an exclusive lock, because no CHECK says that they fit. Queries on it wait that long. Add and validate such a CHECK in a migration before this one.`,
      at: place,
      object: child,
      key: table,
      help: sql(
        `alter table ${child} add constraint fits check (…) not valid;`,
        `-- in the next migration`,
        `alter table ${child} validate constraint fits;`,
        `-- in the one after that`,
        `alter table ${table} attach partition ${child} for values …;`,
        `alter table ${child} drop constraint fits;`,
      ),
    });
  }),
});
