import type { Facts } from '../../model/facts.ts';
import type { SchemaState, Table } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { asItsOwner } from '../support/functions/qualified.ts';
import { homeOfTable } from '../support/leaks/access-places.ts';
import { isRecursing, recursingTables } from '../support/leaks/recursing.ts';
import { findCallCycle, findCycle } from '../support/policies/recursion.ts';
import { isOfChange } from '../support/statements/changed-statement.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { isKnown } from '../support/tables/tables.ts';
import { endingRecursion } from '../support/ways-out/ending-recursion.ts';
import { severalTables, sqlFence, upper } from '../support/words/words.ts';

const remedy = `Look the row up in a \`security definer\` function, which reads without policies, and call it in the policy.

\`\`\`sql
create function private.is_member(org uuid) returns boolean
language sql stable security definer set search_path = ''
as $$ select exists (select 1 from public.members m where m.org_id = org and m.user_id = (select auth.uid())) $$;
revoke execute on function private.is_member(uuid) from public;
grant execute on function private.is_member(uuid) to authenticated;
\`\`\``;

export default rule({
  id: 'rls/recursion',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe', 'static'],
  summary: 'policies that lead back to their own table: every query fails with 42P17',
  why: 'A sub-select in a policy reads its table under that table’s own policies. Where these lead back to a table whose policies hold a sub-select, Postgres stops with "infinite recursion detected in policy" (42P17) as soon as the query is planned, on an empty table too: the table can’t be used through the API at all.',
  remedy,
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/postgres/row-level-security#use-security-definer-functions',
    'https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/rewrite/rewriteHandler.c',
  ],
  fixable: false,
  refusal: true,
  table(table, { facts, state, home, report }) {
    // Where the probes ran, what they saw decides. With --all they saw only the end.
    const left = facts.access?.head.notChecked.some(
      ({ access }) => access?.object === table.key && access.policy === null,
    );
    if (facts.access !== null && !facts.history.all && !left) return;
    if (facts.access !== null && isRecursing(table.key, facts)) return;
    if (!table.rls || !isKnown(table, state)) return;
    const cycle = findCycle(table, state);
    if (cycle === null) {
      const calls = findCallCycle(table, state);
      if (calls === null) return;
      report({
        message: `Policy "${calls.policy.name}" on "${table.key}" calls "${calls.routine.key}", which reads the same table under the same policy: they call each other until the stack is full (54001). As "security definer" it reads without policies.`,
        at: home(calls.policy.origin ?? table.origin),
        object: table.key,
        severity: 'warning',
        evidence: evidenceOf(state),
        help: sqlFence(asItsOwner(calls.routine, state)),
      });
      return;
    }
    const way = cycle.tables.map((key) => `"${key}"`).join(' → ');
    report({
      message: `Policy "${cycle.policy.name}" on "${table.key}" leads back to its own table: ${way}. Postgres refuses such a query with "infinite recursion detected in policy" (42P17). Look the row up in a "security definer" function instead.`,
      at: home(cycle.policy.origin ?? table.origin),
      object: table.key,
      severity: 'warning',
      evidence: evidenceOf(state),
      help: lookUp(table, facts, state),
    });
  },
  facts({ facts, report, preexisting }) {
    if (facts.access === null) return;
    for (const { table, errors, loop, closing, behind, stood } of recursingTables(facts)) {
      const [first] = errors;
      const tell = stood ? preexisting : report;
      const others =
        behind.length === 0
          ? ''
          : `, and so do queries on ${severalTables(behind)}, whose policies lead there`;
      const around =
        closing === null || loop === null || loop[0] !== table
          ? 'The policies lead back to their own table'
          : `Policy "${closing.name}" leads back to its own table (${loop.map((key) => `"${key}"`).join(' → ')})`;
      tell({
        message: `${upper([...new Set(errors.map(({ command }) => command))])} on "${table}" fails for "${first!.proof.as}"${others}: ${first!.message} (42P17). ${around}, so the query can't even be planned. Look the row up in a "security definer" function instead.`,
        at:
          closing !== null && loop?.[0] === table && isOfChange(closing.origin, facts)
            ? closing.origin
            : homeOfTable(facts, table, first!.command),
        object: table,
        evidence: ['probe'],
        causes: [
          'access/policy-error',
          'access/owner-locked-out',
          'access/narrowed',
          'access/unproven',
          'access/returning-denied',
        ],
        help: lookUp(facts.head.tables.get(loop?.[0] ?? table), facts, facts.head),
        repro: first!.proof.sql,
      });
    }
  },
});

/** Each policy that leads back asks a function instead: in full where that can be written, else the message says it. */
function lookUp(table: Table | undefined, facts: Facts, state: SchemaState): string {
  const sql = table === undefined ? null : endingRecursion(table, state, facts);
  return sql === null ? 'Such a function reads without policies; the policy calls it.' : sqlFence(sql);
}
