import type { AccessMatrix, ObjectAccess } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import type { Command, Policy, SchemaState, Table } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { isUserId } from '../support/callers/caller.ts';
import { appliesTo, covers, holders } from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { isTouched } from '../support/leaks/access.ts';
import { homeOfTable } from '../support/leaks/access-places.ts';
import { reproOf } from '../support/leaks/repro.ts';
import { isRead } from '../support/owners/name-read.ts';
import { isOwnIn } from '../support/owners/whose.ts';
import { bare, someNode } from '../support/syntax/tree.ts';
import { sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'access/owner-locked-out',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['probe'],
  summary: 'seen: users can’t reach their own rows, or can’t read what they may write',
  why: 'A policy that compares auth.uid() with the wrong column, a missing grant, a missing SELECT policy: the owner’s query returns no row and no error. Writing without reading fails in practice too: UPDATE and DELETE with a WHERE, and INSERT … RETURNING, need a SELECT policy.',
  remedy:
    'Compare the column that really holds the user’s id, and add the SELECT policy.\n\n```sql\ncreate policy "read own" on public.note for select to authenticated\n  using ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  refusal: true,
  facts({ facts, report, preexisting }) {
    for (const object of facts.access?.head.objects ?? []) {
      const found = lockedOut(object, facts.head, facts.access!.head);
      if (found === null) continue;
      const { base } = facts.access!;
      const before = base?.objects.find((each) => each.object === object.object);
      const tell =
        before !== undefined && (lockedOut(before, facts.base, base!) !== null || notAsked(before, facts))
          ? preexisting
          : report;
      tell({
        message:
          found.writes.length > 0
            ? `A user may ${upper(found.writes)} own rows of "${object.object}" and can't read them. The API asks for the row back, and an UPDATE or DELETE with a WHERE must read it first. Add a SELECT policy for the owner.`
            : `A user reaches no row of its own in "${object.object}", by no command, although its policies are about users. The owner column may hold something else than "auth.uid()", or a grant or policy is missing. Compare them.`,
        at: place(facts, object),
        object: object.object,
        causes: ['rls/command-coverage', 'grants/missing', 'access/narrowed'],
        help: found.writes.length > 0 ? readOwn(object, facts.head) : undefined,
        repro: reproOf(found.cells.flatMap(({ proof }) => proof)),
      });
    }
  },
});

const place = (facts: Facts, object: ObjectAccess) => homeOfTable(facts, object.object, 'select');

const readOwn = ({ object, ownerColumns: [owner] }: ObjectAccess, state: SchemaState) =>
  sqlFence(
    `create policy "read own" on ${object} for select to authenticated\n  using (${isOwnIn(object, owner, state)});`,
  );

/** The change does not touch the table, and what the base allowed could not be seen. */
const notAsked = (before: ObjectAccess, facts: Facts) =>
  !isTouched(before, facts) &&
  before.cells.some(
    ({ principal, subject, outcome }) => principal === 'user' && subject === 'own' && outcome === 'unknown',
  );

const unreached = new Set(['filtered', 'no-permission', 'check-failed']);

function lockedOut(object: ObjectAccess, state: SchemaState, matrix: AccessMatrix) {
  if (object.kind !== 'table' || object.ownerColumns.length === 0 || object.rls !== true) return null;
  // Another finding tells why.
  if (matrix.policyErrors.some((error) => error.object === object.object)) return null;
  const own = object.cells.filter(({ principal, subject }) => principal === 'user' && subject === 'own');
  // Postgres looks at grants first: grants/missing names the one that is.
  if (isUngranted(object.object, state)) return null;
  const read = own.filter(({ command }) => command === 'select');
  if (read.length === 0 || !read.every(({ outcome }) => unreached.has(outcome))) return null;
  const writes = [
    ...new Set(
      own
        .filter(({ outcome, command }) => command !== 'select' && outcome === 'allowed')
        .map(({ command }) => command),
    ),
  ] as Command[];
  // INSERT alone is a letter box: feedback, reports.
  if (writes.some((command) => command !== 'insert')) return { writes, cells: read };
  if (writes.length > 0 || !own.every(({ outcome }) => unreached.has(outcome))) return null;
  const table = state.tables.get(object.object);
  const aboutUsers = table?.policies.some(
    (policy) =>
      policy.permissive && appliesTo(policy, 'authenticated') && isAboutUsers(policy, object, table),
  );
  return aboutUsers ? { writes: [], cells: read } : null;
}

/**
 * It compares something with the caller's id, or asks for the column by which the probes knew the owner. What a function
 * makes of that id, held against a column without a key, is a value that no row of theirs had to hold.
 */
const isAboutUsers = (policy: Policy, { ownerColumns }: ObjectAccess, table: Table): boolean =>
  predicatesOf(policy).some(({ node }) =>
    someNode(
      node,
      (kind, { lexpr, rexpr, testexpr }) =>
        /^(A_Expr|SubLink)$/.test(kind) && [lexpr, rexpr, testexpr].some((side) => isUserId(bare(side))),
    ),
  ) ||
  (ownerColumns.some((column) => isRead(column, table, [policy])) &&
    predicatesOf(policy).some(({ node }) => someNode(node, (kind, inner) => isUserId({ [kind]: inner }))));

/** Policies let users read, and nobody was granted it. */
const isUngranted = (key: string, { tables }: SchemaState) => {
  const table = tables.get(key);
  return (
    table !== undefined &&
    holders(table.grants, 'select').length === 0 &&
    table.policies.some(
      (policy) => policy.permissive && covers(policy, 'select') && appliesTo(policy, 'authenticated'),
    )
  );
};
