import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { alterExisting, commandsOf, reportLock } from '../support/statements/statements.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'safety/disable-trigger',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a trigger that is disabled and not enabled again',
  why: 'A disabled trigger stays disabled for everybody, until somebody notices that "updated_at" stands still, the audit log has a gap, or foreign keys are no longer checked (ALL includes those).',
  remedy:
    "Enable it again in the same file, or drop it.\n\n```sql\nalter table public.note disable trigger set_updated_at;\nupdate public.note set kind = 'text' where kind is null;\nalter table public.note enable trigger set_updated_at;\n```",
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-DISABLE-ENABLE-TRIGGER',
  ],
  fixable: false,
  statement: alterExisting(
    ['AT_DisableTrig', 'AT_DisableTrigAll', 'AT_DisableTrigUser'],
    (command, table, statement, context, { place }) => {
      const enabled = context.statements.some(
        ({ kind, node, start }) =>
          kind === 'AlterTableStmt' &&
          start > statement.start &&
          context.keyOf(node.relation) === table &&
          commandsOf(node).some(
            ({ subtype, name }) =>
              /^AT_Enable(Always|Replica)?Trig/.test(subtype) &&
              (name === command.name || /All$|User$/.test(subtype)),
          ),
      );
      if (enabled) return;
      const before = context.set.before.tables.get(table);
      // Made by this change, it never kept anything up.
      const isNew =
        command.name !== undefined &&
        before !== undefined &&
        !before.triggers.some(({ name }) => name === command.name) &&
        context.set.after.tables.get(table)?.triggers.some(({ name }) => name === command.name) === true;
      reportLock(context, statement, {
        ...(isNew ? { severity: 'info' as const } : {}),
        message: `${command.name === undefined ? 'All triggers' : `Trigger "${command.name}"`} of "${table}" ${command.name === undefined ? 'are' : 'is'} disabled and not enabled again. What it kept up is no longer kept up, for everybody. Enable it in the same file, or drop it.`,
        at: place,
        object: table,
        key: command.name ?? 'all',
        help: sqlFence(
          `alter table ${table} enable trigger ${command.name === undefined ? triggersOf(command) : quoteIdent(command.name)};`,
        ),
      });
    },
  ),
});

const triggersOf = ({ subtype }: SyntaxNode) => (subtype === 'AT_DisableTrigUser' ? 'user' : 'all');
