import type { PolicyError } from '../../model/access.ts';
import type { SchemaState } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { homeOfTable } from '../support/access.ts';
import { needsUser } from '../support/needs-user.ts';
import { appliesTo, covers } from '../support/roles.ts';
import { upper } from '../support/words.ts';

export default rule({
  id: 'access/policy-error',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: a policy, or a function it calls, raises an error',
  why: 'A condition that raises stops the whole query, for every row and every caller: a function the role may not execute, a table it may not read, a cast that fails, a claim that is missing. Users get an error instead of their rows.',
  remedy:
    'Mend what the error names: grant EXECUTE on the helper, read other tables in a `security definer` function, guard the cast.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/ddl-rowsecurity.html'],
  fixable: false,
  facts({ facts, report, preexisting }) {
    if (facts.access === null) return;
    const { base, head } = facts.access;
    const groups = new Map<string, PolicyError[]>();
    for (const error of head.policyErrors) {
      // rls/recursion tells those.
      if (error.sqlstate === '42P17') continue;
      const key = `${error.object} ${error.sqlstate} ${error.message}`;
      groups.set(key, [...(groups.get(key) ?? []), error]);
    }
    for (const errors of groups.values()) {
      const { object, sqlstate, message, command, proof } = errors[0]!;
      const before = base?.policyErrors.some((was) => was.object === object && was.sqlstate === sqlstate);
      const tell = before ? preexisting : report;
      tell({
        message: `${upper([...new Set(errors.map((error) => error.command))])} on "${object}" fails for "${proof.as}": ${message} (${sqlstate}). A policy raised it, so the whole query stops. Mend what the error names.`,
        // The API refuses where it would have found nothing: no row was meant for who is not signed in.
        severity: errors.every((error) => error.principal === 'anon' && isForUsers(error, facts.head))
          ? 'info'
          : undefined,
        at: homeOfTable(facts, object, command),
        object,
        key: sqlstate,
        causes: [
          'grants/missing',
          'functions/revoke-incomplete',
          'access/owner-locked-out',
          'access/narrowed',
        ],
        repro: `-- as ${proof.as}\n${proof.sql}\n-- ${proof.result}`,
      });
    }
  },
});

/** Every policy that applies asks for a user's id, and can't hold without one. */
function isForUsers({ object, command, sqlstate }: PolicyError, state: SchemaState): boolean {
  const policies = (state.tables.get(object)?.policies ?? []).filter(
    (policy) => policy.permissive && covers(policy, command) && appliesTo(policy, 'anon'),
  );
  return sqlstate === '42501' && policies.length > 0 && policies.every(needsUser);
}
