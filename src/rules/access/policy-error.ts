import type { PolicyError } from '../../model/access.ts';
import type { SchemaState } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { rule } from '../rule.ts';
import { homeOfTable } from '../support/access-places.ts';
import { appliesTo, covers, predicateOf } from '../support/roles.ts';
import { neverHolds } from '../support/truth.ts';
import { listed, named, upper } from '../support/words.ts';

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
    for (const errors of grouped(head.policyErrors, facts.head)) {
      const meant = errors.filter((error) => isMeant(error, facts.head));
      const [first] = meant.length > 0 ? meant : errors;
      const { object, sqlstate, message, command, proof } = first!;
      const stood = (error: PolicyError) =>
        base?.policyErrors.some((was) => was.object === error.object && was.sqlstate === error.sqlstate) ===
        true;
      const told = meant.length > 0 ? meant : errors;
      const tell = told.every(stood) ? preexisting : report;
      const tables = [...new Set(told.map((error) => error.object))];
      const cause = isDefault(first!, facts.head)
        ? 'A default calls it, so no row that leaves the column out can be stored.'
        : 'A policy raised it, so the whole query stops.';
      tell({
        message: `${whatFails(told, tables)} fails for "${proof.as}": ${message} (${sqlstate}). ${cause} ${
          meant.length > 0
            ? 'Mend what the error names.'
            : 'No policy would show it a row there, so that nothing is lost; name the roles in the policies (TO) where the error is not wanted.'
        }`,
        severity: meant.length > 0 ? undefined : 'info',
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

/** One right that is missing is one finding, on however many tables it shows. */
function grouped(all: readonly PolicyError[], state: SchemaState): readonly PolicyError[][] {
  const groups = new Map<string, PolicyError[]>();
  for (const error of all) {
    // rls/recursion tells those.
    if (error.sqlstate === '42P17') continue;
    // A default's function keeps nobody from what no policy allows.
    if (error.opens === false && isDefault(error, state)) continue;
    const key = called(error) === null ? `${error.object} ${error.sqlstate} ${error.message}` : error.message;
    groups.set(key, [...(groups.get(key) ?? []), error]);
  }
  return [...groups.values()];
}

/** The function that may not be executed; null for every other error. */
const called = ({ message }: PolicyError): string | null =>
  /^permission denied for function "?(.+?)"?$/.exec(message)?.[1] ?? null;

/** Rows were there to be reached, or a policy names the role: it was meant to let it. */
function isMeant(error: PolicyError, state: SchemaState): boolean {
  const { object, command, principal, opens } = error;
  if (opens !== false) return opens === true || !isClosedToVisitors(error, state);
  return (
    principal !== 'anon' &&
    state.tables
      .get(object)
      ?.policies.some(
        (policy) =>
          policy.permissive &&
          policy.rolesStated &&
          covers(policy, command) &&
          appliesTo(policy, 'authenticated'),
      ) === true
  );
}

/** Each policy asks who has signed in: without the error a visitor gets nothing either. */
function isClosedToVisitors({ object, command, principal }: PolicyError, { tables }: SchemaState): boolean {
  const table = tables.get(object);
  const applying = (table?.policies ?? []).filter(
    (policy) => policy.permissive && covers(policy, command) && appliesTo(policy, 'anon'),
  );
  return (
    principal === 'anon' &&
    applying.length > 0 &&
    applying.every((policy) =>
      neverHolds(predicateOf(policy, command)?.node ?? null, { table: table!, who: 'nobody' }),
    )
  );
}

function isDefault(error: PolicyError, state: SchemaState): boolean {
  const name = called(error);
  const table = state.tables.get(error.object);
  if (name === null || table === undefined || error.command !== 'insert') return false;
  const word = new RegExp(`\\b${escapeRegExp(name)}"?\\(`);
  return (
    table.columns.some((column) => word.test(column.default?.text ?? '')) &&
    !table.policies.some(({ using, check }) => word.test(`${using?.text ?? ''} ${check?.text ?? ''}`))
  );
}

/** Which commands on which tables: told table by table where they differ. */
function whatFails(told: readonly PolicyError[], tables: readonly string[]): string {
  const parts = tables.map((table) =>
    upper([...new Set(told.filter(({ object }) => object === table).map(({ command }) => command))]),
  );
  return new Set(parts).size > 1 && tables.length < 4
    ? listed(tables.map((table, index) => `${parts[index]} on ${named([table])}`))
    : `${upper([...new Set(told.map(({ command }) => command))])} on ${several(tables)}`;
}

const several = (tables: readonly string[]) =>
  tables.length < 4 ? named(tables) : `${named(tables.slice(0, 1))} and ${tables.length - 1} more tables`;
