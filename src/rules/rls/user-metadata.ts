import type { Routine, SchemaState, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { rule } from '../rule.ts';
import { claimOf, claimsRead, routinesCalled } from '../support/callers/caller.ts';
import {
  type ApiRole,
  apiRolesOf,
  appliesTo,
  covers,
  enters,
  holds,
  isPlatform,
} from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { ownComparisons, readPredicate } from '../support/conditions/scope.ts';
import { neverHolds } from '../support/conditions/truth.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { codeOf } from '../support/syntax/bodies.ts';
import { keyOfRangeVar } from '../support/syntax/names.ts';
import {
  alternatives,
  bare,
  columnParts,
  conjuncts,
  constantOf,
  functionCalls,
  nodesOf,
  operatorOf,
  remembered,
} from '../support/syntax/tree.ts';
import { isKnown, policyKey } from '../support/tables/tables.ts';
import { named } from '../support/words/words.ts';

export default rule({
  id: 'rls/user-metadata',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a policy that trusts user_metadata, which users edit themselves',
  why: 'user_metadata (raw_user_meta_data) is what the client sends with sign-up and updateUser(): every user can set it to anything, a role or an organisation included. app_metadata can be written by the server only.',
  remedy:
    "Keep roles in app_metadata or in a table.\n\n```sql\nusing ((select auth.jwt()) -> 'app_metadata' ->> 'role' = 'admin')\n```",
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/database-advisors?lint=0015_rls_references_user_metadata',
    'https://supabase.com/docs/guides/database/postgres/row-level-security#authjwt',
  ],
  fixable: false,
  table(table, { state, home, report }) {
    for (const policy of table.policies) {
      if (apiRolesOf(policy).length === 0) continue;
      const roles = apiRolesOf(policy);
      const found = predicatesOf(policy)
        .map(({ node, commands }) => ({
          by: trusted(node, state),
          closed: closedLookup(node, roles, state),
          own: commands.includes('insert') ? null : ownRowsAlone(node, table, state),
          fails: readPredicate(node, table, state).reads.includes('auth.users'),
        }))
        .filter(({ by }) => by !== null);
      const [first] = found;
      if (first === undefined) continue;
      const taken =
        found.find((each) => each.closed === null && each.own === null) ??
        found.find((each) => each.own === null) ??
        first;
      const { by, closed, own } = taken;
      report({
        message: `Policy "${policy.name}" on "${table.key}" trusts ${by}. Users write it themselves, ${outcomeOf(taken, roles)}. Keep the value in app_metadata or in a table.`,
        at: home(policy.origin ?? table.origin),
        object: table.key,
        key: policyKey(policy),
        severity: own !== null ? 'info' : closed === null ? undefined : 'warning',
        evidence: evidenceOf(state),
      });
    }
  },
});

interface Trusting {
  /** A lookup that gives these roles nothing. */
  readonly closed: string | null;
  readonly own: readonly string[] | null;
  readonly fails: boolean;
}

function outcomeOf({ closed, own, fails }: Trusting, roles: readonly string[]): string {
  if (own !== null)
    return `so it keeps nobody out of the rows that "${own.join('" or "')}" gives them, and lets nobody at any other`;
  if (fails)
    return 'so anybody could make the condition true if it did not fail for all of them: it looks into "auth.users", which no user may read';
  if (closed === null) return 'so anybody can make the condition true';
  return `and all that keeps the condition from being true is that ${named(roles)} can read no row of "${closed}", which it looks up`;
}

/** Columns one of which names the caller in every row that the condition lets through; null where some row needs none. */
function ownRowsAlone(node: SyntaxNode, table: Table, state: SchemaState): readonly string[] | null {
  const columns = alternatives(node).map((branch) =>
    conjuncts(branch)
      .flatMap((part) => ownComparisons(readPredicate(part, table, state)).map((own) => ({ ...own, part })))
      .find(
        ({ operator, other, part }) =>
          operator === '=' && other.is === 'user-id' && bare(part)?.A_Expr?.kind === 'AEXPR_OP',
      ),
  );
  return columns.every((each) => each !== undefined)
    ? [...new Set(columns.map(({ column }) => column.name))]
    : null;
}

/**
 * A table that the condition needs a row of, and whose rows none of these roles can read: no grant, or row level security
 * and no policy of theirs that may hold. The lookup runs with the rights of whoever asks.
 */
function closedLookup(node: SyntaxNode, roles: readonly ApiRole[], state: SchemaState): string | null {
  for (const part of conjuncts(node)) {
    const lookup = bare(part)?.SubLink;
    if (!/^(EXISTS|ANY)_SUBLINK$/.test(lookup?.subLinkType ?? '')) continue;
    const query = lookup.subselect?.SelectStmt;
    // A set operation, or a WITH that shadows the name: not followed.
    if (query?.withClause !== undefined || query?.fromClause?.length !== 1) continue;
    const relation = query.fromClause[0].RangeVar;
    const table = relation === undefined ? undefined : state.tables.get(keyOfRangeVar(relation));
    // What the platform grants on its own tables no migration tells.
    if (table === undefined || isPlatform(table.schema) || !isKnown(table, state)) continue;
    if (roles.every((role) => !canRead(role, table, state))) return table.key;
  }
  return null;
}

/** `auth.role() = 'service_role'`: no role of the API meets it. */
const asksForServer = (node: SyntaxNode | null) =>
  conjuncts(node).some((part) => {
    const asked = bare(part)?.A_Expr;
    return (
      asked !== undefined &&
      operatorOf(asked) === '=' &&
      claimOf(asked.lexpr)?.join('.') === 'role' &&
      constantOf(asked.rexpr) === 'service_role'
    );
  });

const canRead = (role: ApiRole, table: Table, state: SchemaState) =>
  enters(role, table.schema, state) &&
  holds(table.grants, role, 'select') &&
  (!table.rls ||
    table.policies.some(
      (policy) =>
        policy.permissive &&
        covers(policy, 'select') &&
        appliesTo(policy, role) &&
        !asksForServer(policy.using?.node ?? null) &&
        !neverHolds(policy.using?.node ?? null, { table, who: role === 'anon' ? 'nobody' : 'user' }),
    ));

function trusted(node: SyntaxNode, state: SchemaState): string | null {
  if (claimsRead(node).some(([first]) => first === 'user_metadata')) return '"user_metadata" of the token';
  if (namesColumn(node)) return '"raw_user_meta_data"';
  const helper = functionCalls(node)
    .flatMap((call) => routinesCalled(call, state))
    .find(readsMetadata);
  return helper === undefined ? null : `"user_metadata", which "${helper.key}" reads`;
}

const namesColumn = (node: SyntaxNode) =>
  nodesOf(node, 'ColumnRef').some((column) => columnParts(column).at(-1) === 'raw_user_meta_data');

/** Only what a helper compares or returns from the token itself; a copy in a table is a row like any other. */
const readsMetadata = remembered(({ body }: Routine) =>
  /\bauth\s*\.\s*jwt\s*\([^;]*->>?\s*'user_metadata'|raw_user_meta_data\s*->/i.test(codeOf(body).withStrings),
);
