import { rule } from '../rule.ts';
import { sql } from '../support/statements/statements.ts';

export default rule({
  id: 'structure/updated-at-trigger',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a column "updated_at" that nothing updates',
  why: 'A default sets the column once, on INSERT. Unless a trigger or every client sets it on UPDATE, it keeps the time of creation and misleads.',
  remedy:
    'Let a trigger set it.\n\n```sql\ncreate extension if not exists moddatetime schema extensions;\ncreate trigger set_updated_at before update on public.t\n  for each row execute function extensions.moddatetime(updated_at);\n```',
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/extensions/moddatetime',
    'https://www.postgresql.org/docs/17/contrib-spi.html',
  ],
  fixable: false,
  table(table, { exposed, home, report }) {
    if (!exposed(table.schema) || table.unknown.length > 0 || table.kind === 'foreign') return;
    const column = table.columns.find(({ name }) => name === 'updated_at');
    if (column === undefined || column.generated !== null) return;
    if (table.triggers.some(({ timing, events }) => timing === 'before' && events.includes('update'))) return;
    report({
      message: `Column "updated_at" of "${table.key}" is set by no trigger. After an UPDATE it still holds the time of creation, unless every client sets it. Add a trigger.`,
      at: home(column.origin ?? table.origin),
      object: table.key,
      help: sql(
        'create extension if not exists moddatetime schema extensions;',
        `create trigger set_updated_at before update on ${table.key}`,
        '  for each row execute function extensions.moddatetime(updated_at);',
      ),
    });
  },
});
