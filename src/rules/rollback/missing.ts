import { rule } from '../rule.ts';
import { startOf } from '../support/statements/places.ts';

export default rule({
  id: 'rollback/missing',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['rollback'],
  summary: 'no rollback file and no rollback section',
  why: 'When a deployment goes wrong at night, the way back should not be written then. The guard writes one from the schema before and after; what it can not know is in its comments.',
  remedy:
    'Take the generated one into the file, below the SQL.\n\n```sql\n-- Rollback:\n--   drop table public.note;\n```',
  since: '0.1.0',
  sources: [],
  fixable: false,
  facts({ facts, report }) {
    for (const { path, plan, sql } of facts.rollback ?? []) {
      if (plan === 'file' || plan === 'section') continue;
      // A file of comments alone, as it was just made.
      if (facts.sources.get(path)?.statements.length === 0) continue;
      report({
        message: `Nothing says how "${path.split('/').at(-1)}" is undone. The way back is then written when it is needed, in a hurry. ${sql === null ? 'Write a "-- Rollback:" section' : 'Take the generated one into a "-- Rollback:" section'}.`,
        at: startOf(path),
        object: path,
        ...(sql === null ? {} : { help: `\`\`\`sql\n${sql.trim()}\n\`\`\`` }),
      });
    }
  },
});
