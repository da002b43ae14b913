import { rule } from '../rule.ts';
import { startOf } from '../support/statements/places.ts';
import { listed } from '../support/statements/statements.ts';

export default rule({
  id: 'rollback/irreversible',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['rollback'],
  summary: 'data that no rollback brings back',
  why: 'A rollback can make a dropped column again, not what it held. Only a backup can.',
  remedy:
    'Keep a copy in the same migration, ahead of what takes the rows or values away and with the key of its rows: the generated way back brings them back from there. Or take a backup before.\n\n```sql\ncreate table private.note_body as select id, body from public.note;\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/platform/backups'],
  fixable: false,
  facts({ facts, report }) {
    for (const { path, losesData } of facts.rollback ?? []) {
      if (losesData.length === 0) continue;
      report({
        message: `No rollback brings back ${listed(losesData)}, which "${path.split('/').at(-1)}" takes away. Only a backup or a copy can. Keep a copy, or take a backup before it is deployed.`,
        at: startOf(path),
        object: path,
        causes: [],
      });
    }
  },
});
