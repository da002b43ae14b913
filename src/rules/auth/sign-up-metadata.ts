import type { Facts } from '../../model/facts.ts';
import type { SchemaState, Table } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { rule } from '../rule.ts';
import { runsThePlace, saidAtSignUp } from '../support/callers/said-at-sign-up.ts';
import { isAsked, tenantByName } from '../support/owners/deciding.ts';
import { rightsIn } from '../support/owners/rights.ts';
import { evidenceOf } from '../support/statements/sites.ts';

export default rule({
  id: 'auth/sign-up-metadata',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a trigger at sign-up that takes a role or a tenant from what the new user says of itself',
  why: 'raw_user_meta_data of a new account is what the client gave to `signUp({ options: { data } })`: anybody with the public key chooses it. A trigger that writes it into a column that policies trust lets whoever signs up be an administrator, or a member of any tenant. Where the probes can sign up, they try what a role opens, and this stands where they can’t. A tenant, or a role that is a row of another table, they don’t choose: of those it always stands.',
  remedy:
    "Write a constant, and let the server raise it; or look an invitation up.\n\n```sql\ninsert into public.profiles (id, role) values (new.id, 'member');\n```",
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/auth/managing-user-data#using-triggers'],
  fixable: false,
  state({ state, facts, home, report }) {
    const told = new Set<string>();
    for (const { routine, table: key, column, key: said } of saidAtSignUp(state)) {
      const table = state.tables.get(key);
      if (table === undefined || told.has(`${key} ${column}`)) continue;
      const isRight = rightsIn(table, state).some(({ name }) => name === column);
      const isTenant = !isRight && tenantByName.test(column) && decides(table, column, state);
      if ((!isRight && !isTenant) || (isRight && !mayBeAdmin(table, column, state))) continue;
      if (isRight && (!decides(table, column, state) || isTried(table, column, facts))) continue;
      told.add(`${key} ${column}`);
      report({
        message: `"${routine.key}" writes "${said}" of "raw_user_meta_data" into "${column}" of "${key}", and policies trust that column. Whoever signs up says that of itself: ${isRight ? 'it chooses its own rights' : 'it enters the tenant of its choice'}. ${isRight ? 'Write a constant, and let the server raise it.' : 'Look an invitation up for the address instead.'}`,
        at: home(routine.origin),
        object: key,
        key: column,
        evidence: evidenceOf(state),
      });
    }
  },
});

/**
 * The probes signed up so with each value that policies ask of the column, and looked at what it opens. What points at
 * rows of another table they leave as it is: a tenant, a role that is a row.
 */
const isTried = (table: Table, column: string, { access }: Facts): boolean =>
  table.foreignKeys.every(({ columns }) => !columns.includes(column)) &&
  access?.head.signUps.some(
    ({ status, variant, created }) =>
      status === 'works' && variant === 'email-metadata' && (created[table.key] ?? 0) > 0,
  ) === true;

/** Some policy asks for it, or a helper of policies. */
const decides = (table: Table, column: string, state: SchemaState): boolean =>
  isAsked(column, table, state) ||
  table.policies.some(({ using, check }) =>
    [using, check].some((each) => new RegExp(`\\b${escapeRegExp(column)}\\b`).test(each?.text ?? '')),
  );

/** A type or a CHECK that lists the words for it, and none of those who run the place. */
function mayBeAdmin(table: Table, column: string, state: SchemaState): boolean {
  const type = table.columns.find(({ name }) => name === column)?.type ?? '';
  const words =
    [...state.types.values()].find(({ key, name }) => key === type || name === type)?.values ?? [];
  const listed = table.checks.flatMap(({ expression: { text } }) =>
    new RegExp(`\\b${escapeRegExp(column)}\\b`).test(text)
      ? [...text.matchAll(/'([^']*)'/g)].map(([, word]) => word!)
      : [],
  );
  const all = [...words, ...listed];
  return all.length === 0 || all.some((word) => runsThePlace.test(word));
}
