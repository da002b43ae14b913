import type { Policy, Routine, SchemaState, Table } from '../../model/schema.ts';
import { rule, type StateContext } from '../rule.ts';
import { callsIn, routineLooksAtCaller, routinesNamed } from '../support/callers/caller.ts';
import { type ApiRole, apiRolesOf, holds, isPlatform } from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { readPredicate } from '../support/conditions/scope.ts';
import { asItsOwner } from '../support/functions/qualified.ts';
import { invokersCalled, tablesRead } from '../support/policies/recursion.ts';
import { isOfChange } from '../support/statements/changed-statement.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { codeOf } from '../support/syntax/bodies.ts';
import { isKnown, policyKey } from '../support/tables/tables.ts';
import { asConditionFunctions } from '../support/ways-out/condition-function.ts';
import { inTurn, privateSchema } from '../support/ways-out/function-names.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/auth-users',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a policy that reads auth.users, which no user may read: every query fails with 42501',
  why: 'A sub-select in a policy runs with the rights of whoever asks, and anon and authenticated have none on auth.users. Postgres checks them before it looks at any row, and for every policy that applies: where one of them reads auth.users, each query fails with "permission denied for table users" (42501), the rows of other policies included. A function runs with the same rights unless it is security definer, and fails alike as soon as a row gets as far as the call.',
  remedy:
    "Ask the token, which holds id, email and app_metadata, or look it up in a `security definer` function.\n\n```sql\nusing (email = ((select auth.jwt()) ->> 'email'))\n```",
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/postgres/row-level-security#use-security-definer-functions',
    'https://www.postgresql.org/docs/17/sql-createpolicy.html',
  ],
  fixable: false,
  table(table, context) {
    const { state, home, report } = context;
    if (!table.rls || !isKnown(table, state)) return;
    const told = new Set<Routine>();
    for (const policy of table.policies) {
      const roles = apiRolesOf(policy).filter((role) => !mayRead(role, state));
      if (roles.length === 0) continue;
      if (readsUsers(policy, table, state)) {
        report({
          message: `Policy "${policy.name}" on "${table.key}" reads "auth.users", which ${named(roles)} may not read. Each query that asks the policy fails with "permission denied for table users" (42501), whatever other policies allow. Ask the token, or a "security definer" function.`,
          at: home(policy.origin ?? table.origin),
          object: table.key,
          key: policyKey(policy),
          evidence: evidenceOf(state),
          help: wayOut(policy, table, context),
        });
        continue;
      }
      for (const path of readersCalled(policy, state)) {
        if (told.has(path.at(-1)!)) continue;
        told.add(path.at(-1)!);
        tellReader(path, policy, roles, table, context);
      }
    }
  },
});

const users = 'auth.users';

const mayRead = (role: 'anon' | 'authenticated', { tables }: SchemaState) =>
  holds(tables.get(users)?.grants ?? [], role, 'select');

const readsUsers = (policy: Policy, table: Table, state: SchemaState) =>
  predicatesOf(policy).some(({ node }) => readPredicate(node, table, state).reads.includes(users));

const saysOfThemselves = (text: string) => /raw_user_meta_data/i.test(text);

/** What users say of themselves must not be asked for in another way: rls/user-metadata tells that. */
function wayOut(
  policy: Policy,
  table: Table,
  { state, facts }: Pick<StateContext, 'state' | 'facts'>,
): string | undefined {
  const text = predicatesOf(policy)
    .map(({ expression }) => expression.text)
    .join(' ');
  const asking = saysOfThemselves(text) ? null : asConditionFunctions(policy, table, state, facts, true);
  return asking === null ? undefined : sqlFence(`${privateSchema(apiRolesOf(policy))}\n${inTurn([asking])}`);
}

/** Of each helper that the policy calls, the way to the first function that reads auth.users as whoever asks. */
const readersCalled = (policy: Policy, state: SchemaState) =>
  invokersCalled(policy, state).flatMap((routine) => {
    const path = pathToUsers(routine, state, new Set());
    return path === null ? [] : [path];
  });

function pathToUsers(
  routine: Routine,
  state: SchemaState,
  seen: Set<Routine>,
): readonly [Routine, ...Routine[]] | null {
  if (routine.securityDefiner || seen.has(routine) || !isCertain(routine, state)) return null;
  seen.add(routine);
  if (tablesRead(routine).includes(users)) return [routine];
  for (const called of callsIn(codeOf(routine.body), state)) {
    const path = pathToUsers(called, state, seen);
    if (path !== null) return [routine, ...path];
  }
  return null;
}

/** No other one of its name may be meant, its text says what it does, and it handles no error itself. */
const isCertain = ({ schema, name, language, body }: Routine, state: SchemaState) =>
  !isPlatform(schema) &&
  (language === 'sql' || language === 'plpgsql') &&
  routinesNamed(state, schema, name).length === 1 &&
  !/\bexception\s+when\b/i.test(codeOf(body).bare);

function tellReader(
  path: readonly [Routine, ...Routine[]],
  policy: Policy,
  roles: readonly ApiRole[],
  table: Table,
  { state, facts, home, exposed, report }: StateContext,
) {
  const reader = path.at(-1)!;
  const way = path.map(({ key }) => `"${key}"`).join(', and that ');
  // Through the API it would tell anybody of all users.
  const tellsAll = exposed(reader.schema) && !routineLooksAtCaller(reader, state);
  const mend = tellsAll
    ? 'Ask the token instead, or let the function ask who is calling and make it "security definer"'
    : 'Ask the token there, or make the function "security definer"';
  report({
    message: `Policy "${policy.name}" on "${table.key}" calls ${way}, which reads "auth.users" with the rights of whoever asks. ${named(roles)} may not read that: each query that gets as far as the call fails with "permission denied for table users" (42501). ${mend}.`,
    at: home(
      isOfChange(reader.origin, facts) && !isOfChange(policy.origin, facts)
        ? reader.origin
        : (policy.origin ?? table.origin),
    ),
    object: table.key,
    key: `function ${reader.key}`,
    evidence: evidenceOf(state),
    help: tellsAll || saysOfThemselves(reader.body) ? undefined : sqlFence(asItsOwner(reader, state)),
  });
}
