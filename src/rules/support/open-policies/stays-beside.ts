/** Policies that stay when an open one goes, and let in already whom it is to be narrowed to. */
import type { ClientCall } from '../../../model/client.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { signedInAs } from '../application/signed-in-as.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, commandsOf, covers, predicateOf } from '../callers/roles.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { opensTo } from '../conditions/truth.ts';
import { tenantColumns } from '../owners/tenants.ts';
import { alternatives, conjuncts } from '../syntax/tree.ts';
import { named } from '../words/words.ts';

/** The open policy goes, since others give each user what is theirs; null where they do not give all of it. */
export const ownersStay = (policy: Policy, table: Table, state: SchemaState): string | null =>
  dropped(
    policy,
    table,
    'gives each user what is theirs',
    'give each user what is theirs',
    (other, command) => asksForOwner(other, command, table, state),
  );

/** The same where others let in those who run the project. */
export const staffStays = (policy: Policy, table: Table, state: SchemaState): string | null =>
  dropped(
    policy,
    table,
    'lets them in',
    'let them in',
    (other, command) =>
      !asksForOwner(other, command, table, state) &&
      looksAtCaller(predicateOf(other, command)?.node, state) &&
      /admin|staff/i.test(`${other.name} ${predicateOf(other, command)?.text ?? ''}`),
  );

/** The same where others ask for the caller's tenant. */
export const tenantsStay = (policy: Policy, table: Table, state: SchemaState): string | null => {
  const columns = tenantColumns(table).map(({ name }) => name);
  return dropped(
    policy,
    table,
    'gives each tenant its own rows',
    'give each tenant its own rows',
    (other, command) => {
      const node = predicateOf(other, command)?.node;
      return (
        looksAtCaller(node, state) &&
        alternatives(node ?? null).some(
          (branch) =>
            conjuncts(branch).length === 1 &&
            readPredicate(branch, table, state).columns.some(
              ({ name, depth }) => depth === 0 && columns.includes(name),
            ),
        )
      );
    },
  );
};

/**
 * The names of others that let in whom they ask for, where what the code does as a user goes on by them: rows that it
 * inserts as the owner who is asked for, or from the part of the code that is for the role that is asked for.
 */
export function callersStay(
  policy: Policy,
  table: Table,
  state: SchemaState,
  calls: readonly ClientCall[],
): readonly string[] {
  const own = signedInAs(table, calls);
  const goesOn = (other: Policy, command: Command) => {
    const predicate = predicateOf(other, command);
    if (!looksAtCaller(predicate?.node, state)) return false;
    const owners = ownComparisons(readPredicate(predicate?.node ?? null, table, state)).filter(
      ({ other: value, operator }) => operator === '=' && value.is === 'user-id',
    );
    return owners.length > 0
      ? command === 'insert' && owners.some(({ column }) => own.includes(column.name))
      : calls.every(({ path }) => isPartOf(path, rolesAsked(predicate?.text ?? '')));
  };
  return stayingBeside(policy, table, goesOn)?.map(({ name }) => name) ?? [];
}

/** `role = 'clerk'`, `is_clerk()`: words of roles that a condition asks for. */
const rolesAsked = (condition: string): readonly string[] =>
  [...condition.matchAll(/'([a-z_]{4,63})'|\b(?:is|has)_(\w{4,63})\s*\(/gi)]
    .flatMap(([, literal, helper]) => (literal ?? helper!).toLowerCase().split('_'))
    .filter((word) => word.length > 3 && !/^(role|user|users|service|authenticated)$/.test(word));

/** `src/features/clerk/Bills.tsx`, `src/pages/ClerkBills.tsx` */
const isPartOf = (path: string, roles: readonly string[]) => {
  const words = path
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
  return roles.some((role) => words.includes(role) || words.includes(`${role}s`));
};

/** `"p" lets in whom it asks for` */
export const lettingIn = (names: readonly string[]) =>
  `${named(names)} ${names.length === 1 ? 'lets in whom it asks for' : 'let in whom they ask for'}`;

function dropped(
  policy: Policy,
  table: Table,
  does: string,
  doAll: string,
  lets: (other: Policy, command: Command) => boolean,
): string | null {
  const staying = stayingBeside(policy, table, lets);
  return staying === null
    ? null
    : `-- ${named(staying.map(({ name }) => name))} ${staying.length === 1 ? `stays, and ${does}` : `stay, and ${doAll}`}\ndrop policy ${quoteIdent(policy.name)} on ${table.key};`;
}

function stayingBeside(
  policy: Policy,
  table: Table,
  lets: (other: Policy, command: Command) => boolean,
): readonly Policy[] | null {
  const others = commandsOf(policy).map((command) =>
    table.policies.filter((other) => {
      if (other === policy || !other.permissive || !covers(other, command)) return false;
      const opened = opensTo(predicateOf(other, command)?.node ?? null) !== null;
      // Who reads all goes on reading all.
      if (opened)
        return command === 'select' && policy.command === 'all' && appliesTo(other, 'authenticated');
      return appliesTo(other, 'authenticated') && lets(other, command);
    }),
  );
  if (others.some((each) => each.length === 0)) return null;
  const staying = [...new Set(others.flat())].filter((other) =>
    commandsOf(policy).some((command) => covers(other, command) && lets(other, command)),
  );
  return staying.length === 0 ? null : staying;
}

/** And nothing else in that branch. */
const asksForOwner = (policy: Policy, command: Command, table: Table, state: SchemaState) =>
  alternatives(predicateOf(policy, command)?.node ?? null).some(
    (branch) =>
      conjuncts(branch).length === 1 &&
      ownComparisons(readPredicate(branch, table, state)).some(
        ({ other, operator }) => operator === '=' && other.is === 'user-id',
      ),
  );
