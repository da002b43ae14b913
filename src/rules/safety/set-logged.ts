import { rule } from '../rule.ts';
import { alterFilled, reportLock } from '../support/statements/statements.ts';

export default rule({
  id: 'safety/set-logged',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'SET LOGGED or SET UNLOGGED',
  why: 'Both write the whole table and its indexes anew under ACCESS EXCLUSIVE. An unlogged table is empty after a crash, is on no replica, and is not sent by Realtime.',
  remedy:
    'Make a new table of the wanted kind and copy rows in batches.\n\n```sql\ncreate unlogged table public.cache_new (like public.cache including all);\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-LOGGED-UNLOGGED'],
  fixable: false,
  statement: alterFilled(
    ['AT_SetLogged', 'AT_SetUnLogged'],
    (command, table, statement, context, { place }) => {
      const unlogged = command.subtype === 'AT_SetUnLogged';
      reportLock(context, statement, {
        message: `SET ${unlogged ? 'UNLOGGED' : 'LOGGED'} writes "${table}" anew under an exclusive lock. Reads and writes wait that long${unlogged ? ', and after a crash the table is empty' : ''}. Copy its rows to a new table in batches.`,
        at: place,
        object: table,
      });
    },
  ),
});
