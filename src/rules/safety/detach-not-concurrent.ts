import { rule } from '../rule.ts';
import { alterExisting, reportLock, sql } from '../support/statements/statements.ts';

export default rule({
  id: 'safety/detach-not-concurrent',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'DETACH PARTITION without CONCURRENTLY',
  why: 'DETACH PARTITION takes an ACCESS EXCLUSIVE lock on the partitioned table: no query on any partition runs meanwhile. The concurrent form takes SHARE UPDATE EXCLUSIVE.',
  remedy:
    'Detach it CONCURRENTLY, in a migration file of its own.\n\n```sql\nalter table public.event detach partition public.event_2024 concurrently;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION'],
  fixable: false,
  statement: alterExisting(['AT_DetachPartition'], (command, table, statement, context, { place }) => {
    const partition = command.def?.PartitionCmd;
    if (partition === undefined || partition.concurrent === true) return;
    const child = context.keyOf(partition.name);
    if (context.isNew('table', child)) return;
    reportLock(context, statement, {
      message: `Detaching "${child}" locks all of "${table}" against reads and writes. Every query on any partition waits until the file is through. Detach it with CONCURRENTLY, in a file of its own.`,
      at: place,
      object: table,
      key: child,
      help: sql(`alter table ${table} detach partition ${child} concurrently;`),
    });
  }),
});
