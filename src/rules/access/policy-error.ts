import type { PolicyError } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import type { Place } from '../../model/finding.ts';
import type { SchemaState } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { rule } from '../rule.ts';
import { callsOfVisitor } from '../support/application/client-calls.ts';
import { appliesTo, covers, predicateOf } from '../support/callers/roles.ts';
import { neverHolds } from '../support/conditions/truth.ts';
import { withoutUser } from '../support/conditions/without-user.ts';
import { homeOfTable } from '../support/leaks/access-places.ts';
import { type Lost, lostWith } from '../support/leaks/lost-here.ts';
import { isRecursion } from '../support/leaks/recursing.ts';
import { reproOf } from '../support/leaks/repro.ts';
import { listed, named, severalTables, upper } from '../support/words/words.ts';

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
  refusal: true,
  facts({ facts, report, preexisting }) {
    if (facts.access === null) return;
    const { base, head } = facts.access;
    const stood = (error: PolicyError) =>
      base?.policyErrors.some((was) => was.object === error.object && was.sqlstate === error.sqlstate) ===
      true;
    for (const errors of grouped(head.policyErrors, facts, stood)) {
      const meant = errors.filter((error) => isMeant(error, facts));
      const told = meant.length > 0 ? meant : errors;
      const [first] = told;
      const { object, sqlstate, message, proof } = first!;
      const tell = told.every(stood) ? preexisting : report;
      const tables = [...new Set(told.map((error) => error.object))];
      const cause = isDefault(first!, facts.head)
        ? 'A default calls it, so no row that leaves the column out can be stored.'
        : 'A policy raised it, so the whole query stops.';
      const lost = meant.length > 0 ? lostBy(first!, facts) : null;
      tell({
        message: `${whatFails(told, tables)} fails for "${proof.as}": ${message} (${sqlstate}). ${cause} ${
          lost !== null
            ? `"${lost.name}" stands in "${lost.path}", which did not apply here: where it ran this may work. Mend that file first.`
            : meant.length > 0
              ? 'Mend what the error names.'
              : 'No policy would show it a row there, so that nothing is lost; name the roles in the policies (TO) where the error is not wanted.'
        }`,
        severity: lost !== null ? 'warning' : meant.length > 0 ? undefined : 'info',
        at: homeOf(first!, facts),
        object,
        key: sqlstate,
        causes: [
          'rls/auth-users',
          'grants/missing',
          'functions/revoke-incomplete',
          'access/owner-locked-out',
          'access/narrowed',
        ],
        repro: reproOf([proof]),
      });
    }
  },
});

/**
 * One right that is missing is one finding, on however many tables it shows; and so is the same error of policies that one
 * file wrote, at the first of them.
 */
function grouped(
  all: readonly PolicyError[],
  facts: Facts,
  stood: (error: PolicyError) => boolean,
): readonly PolicyError[][] {
  const groups = new Map<string, PolicyError[]>();
  for (const error of all) {
    // rls/recursion tells those.
    if (isRecursion(error)) continue;
    // A default's function keeps nobody from what no policy allows.
    if (error.opens === false && isDefault(error, facts.head)) continue;
    const place = homeOf(error, facts);
    const key =
      called(error) === null
        ? `${place?.file ?? error.object} ${stood(error)} ${error.sqlstate} ${error.message}`
        : error.message;
    groups.set(key, [...(groups.get(key) ?? []), error]);
  }
  return [...groups.values()].map((errors) =>
    called(errors[0]!) === null ? byTable(errors, (error) => homeOf(error, facts)?.line ?? 0) : errors,
  );
}

/** As they stand in the file; the errors of one table keep their order, and stay together. */
function byTable(errors: readonly PolicyError[], lineOf: (error: PolicyError) => number): PolicyError[] {
  const first = new Map<string, number>();
  for (const error of errors)
    first.set(error.object, Math.min(first.get(error.object) ?? Number.POSITIVE_INFINITY, lineOf(error)));
  return errors.toSorted((a, b) => first.get(a.object)! - first.get(b.object)!);
}

const homeOf = ({ object, command }: PolicyError, facts: Facts): Place | null =>
  homeOfTable(facts, object, command);

/** What it stumbles over, where a file that did not apply would have made that. */
function lostBy({ object, sqlstate, message, proof }: PolicyError, facts: Facts): Lost | null {
  const { tables, routines } = facts.head;
  const asked = (tables.get(object)?.policies ?? []).map(
    ({ using, check }) => `${using?.text ?? ''} ${check?.text ?? ''}`,
  );
  const bodies = [...routines.values()].flatMap(({ name, body }) =>
    new RegExp(`\\bfunction (?:"?\\w+"?\\.)?"?${escapeRegExp(name)}"?\\b`).test(proof.result) ? [body] : [],
  );
  return lostWith({ sqlstate, message }, facts, [...asked, ...bodies].join(' '));
}

/** The function that may not be executed; null for every other error. */
const called = ({ message }: PolicyError): string | null =>
  /^permission denied for function "?(.+?)"?$/.exec(message)?.[1] ?? null;

/** Rows were there to be reached, or a policy names the role: it was meant to let it. */
function isMeant(error: PolicyError, facts: Facts): boolean {
  const { object, command, principal, opens } = error;
  if (opens !== false) return opens === true || !isClosedToVisitors(error, facts);
  return (
    principal !== 'anon' &&
    facts.head.tables
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

/** Each policy asks who has signed in: without the error a visitor gets nothing either, and no code comes as one. */
function isClosedToVisitors({ object, command, principal }: PolicyError, facts: Facts): boolean {
  const table = facts.head.tables.get(object);
  const applying = (table?.policies ?? []).filter(
    (policy) => policy.permissive && covers(policy, command) && appliesTo(policy, 'anon'),
  );
  return (
    principal === 'anon' &&
    applying.length > 0 &&
    applying.every((policy) => {
      const node = predicateOf(policy, command)?.node ?? null;
      return (
        node !== null &&
        neverHolds(withoutUser(node, new Map(), facts.head), { table: table!, who: 'nobody' })
      );
    }) &&
    callsOfVisitor(object, [command], facts).length === 0
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
    : `${upper([...new Set(told.map(({ command }) => command))])} on ${severalTables(tables)}`;
}
