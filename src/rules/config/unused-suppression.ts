import { rule } from '../rule.ts';

export default rule({
  id: 'config/unused-suppression',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a suppression comment that suppresses nothing, names no rule or gives no reason',
  why: 'A suppression that is left behind hides the next mistake at its place. One without a reason is void: a later reader must see why the finding was accepted.',
  remedy:
    'Remove it, or write the reason.\n\n```sql\n-- guard-ignore safety/drop-column: nothing has read it since June, #812\nalter table public.note drop column body;\n```',
  since: '0.1.0',
  sources: [],
  fixable: false,
  // The engine reports these: only it knows which suppressions took something out.
});
