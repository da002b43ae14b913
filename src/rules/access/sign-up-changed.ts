import { rule } from '../rule.ts';
import { routineNamed, signUpTriggers } from '../support/callers/sign-up.ts';
import { named } from '../support/words/words.ts';

export default rule({
  id: 'access/sign-up-changed',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['probe'],
  summary: 'seen: a sign-up no longer creates rows that it created on the base',
  why: 'A trigger function that is replaced brings its whole new body, and what the old one also did is gone: no error, only users without a profile, a role or a wallet. An EXCEPTION block that swallows errors has the same effect.',
  remedy: 'Compare the new body with the old one, and keep what it did.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/auth/managing-user-data#using-triggers'],
  fixable: false,
  facts({ facts, report }) {
    if (facts.access?.base == null) return;
    const { base, head } = facts.access;
    const lost = new Map<string, string>();
    for (const run of head.signUps) {
      if (run.status !== 'works') continue;
      const was = base.signUps.find(({ variant, status }) => variant === run.variant && status === 'works');
      for (const [table, count] of Object.entries(was?.created ?? {})) {
        // A table that is gone altogether is another finding.
        if ((run.created[table] ?? 0) < count && facts.head.tables.has(table)) lost.set(table, run.variant);
      }
    }
    if (lost.size === 0) return;
    const trigger = signUpTriggers(facts.head)[0];
    const routine = trigger === undefined ? null : routineNamed(trigger.function, facts.head);
    const tables = [...lost.keys()].sort();
    report({
      message: `A sign-up no longer creates rows in ${named(tables)}. On the base it did; nothing raises, new users just lack them. Keep what the trigger's function did before.`,
      at: routine?.origin ?? trigger?.origin ?? null,
      object: 'auth.users',
      key: tables.join(', '),
    });
  },
});
