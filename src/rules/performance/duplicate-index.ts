import type { Origin } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { alike, keyLike } from '../support/tables/indexes.ts';
import { hasKnownKeys } from '../support/tables/tables.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'performance/duplicate-index',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'an index that another one, or a key, already is',
  why: 'Every index is written with every row. A second one on the same columns costs that twice and is never used: UNIQUE and PRIMARY KEY constraints bring an index of their own.',
  remedy: 'Drop the one that no constraint needs.\n\n```sql\ndrop index public.idx_note_slug;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/indexes-unique.html',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0009_duplicate_index',
  ],
  fixable: false,
  table(table, { state, set, home, report }) {
    if (!hasKnownKeys(table) || isPlatform(table.schema)) return;
    const plain = table.indexes.filter((index) => !index.constraint);
    plain.forEach((index, position) => {
      const twin = keyLike(table, index) ?? plain.slice(0, position).find((other) => alike(index, other));
      if (twin === undefined) return;
      // Where the pair is completed: an index of old is no duplicate until this change makes its twin.
      const isOfChange = (origin: Origin | null) =>
        set.migrations.some(({ source }) => source.path === origin?.file);
      const completes = [index.origin, twin.origin].find(isOfChange);
      const drop = `drop index ${quoteIdent(table.schema)}.${quoteIdent(index.name)};`;
      report({
        message: `Index "${index.name}" on "${table.key}" is the same as "${twin.name}". Both are written with every row, and one of them is never used. ${isOfChange(index.origin) ? `Leave "${index.name}" out` : `Drop "${index.name}"`}.`,
        at: home(completes ?? index.origin ?? table.origin),
        object: table.key,
        key: [index.name, twin.name].sort().join(' '),
        evidence: evidenceOf(state),
        help: sqlFence(isOfChange(index.origin) ? `-- where it was made already\n${drop}` : drop),
      });
    });
  },
});
