/** Functions that a table's policies, defaults and checks run as the caller, who may not execute them. */
import type { Command, Origin, Policy, Routine, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { looksAtCaller, routinesCalled } from '../callers/caller.ts';
import {
  allowsInsert,
  apiRoles,
  appliesTo,
  commandsOf,
  covers,
  holds,
  isPlatform,
  predicateOf,
} from '../callers/roles.ts';
import { predicatesOf } from '../conditions/predicates.ts';
import { truthOf } from '../conditions/truth.ts';
import { alternatives, functionCalls } from '../syntax/tree.ts';

/** A function that these roles need and may not execute. */
export interface Refused {
  readonly routine: Routine;
  readonly roles: readonly string[];
  /** What calls it, first word in capitals: `Policy "own"`. */
  readonly where: string;
  readonly origin: Origin;
}

/** Each function once, at the first that calls it for as many roles as any. */
export function refusedTo(table: Table, state: SchemaState): readonly Refused[] {
  const found = new Map<string, Refused>();
  const look = (
    node: SyntaxNode | null | undefined,
    roles: readonly string[],
    where: string,
    origin: Origin,
  ) => {
    for (const call of node ? functionCalls(node) : []) {
      // An overload that fits is not known: where one of them may be called, none is told.
      const [routine, ...others] = routinesCalled(call, state);
      if (routine === undefined || others.length > 0 || isPlatform(routine.schema)) continue;
      const lacking = roles.filter((role) => !holds(routine.grants, role, 'execute'));
      if (lacking.length > (found.get(routine.key)?.roles.length ?? 0))
        found.set(routine.key, { routine, roles: lacking, where, origin });
    }
  };
  for (const policy of table.policies) {
    const roles = apiRoles.filter(
      (role) =>
        appliesTo(policy, role) && commandsOf(policy).some((command) => holds(table.grants, role, command)),
    );
    // TO PUBLIC, written or not, does not say that visitors are meant: what lets them in does.
    const meant =
      policy.roles.includes('public') && !letsVisitorsIn(table, policy, state) ? roles.slice(-1) : roles;
    for (const { node } of predicatesOf(policy)) look(node, meant, `Policy "${policy.name}"`, policy.origin);
  }
  const writers = apiRoles.filter(
    (role) =>
      holds(table.grants, role, 'insert') &&
      table.policies.some((policy) => policy.roles.includes(role) && allowsInsert(policy, role)),
  );
  for (const column of table.columns) {
    look(column.default?.node, writers, `The default of "${column.name}"`, column.origin);
  }
  for (const { name, expression, origin } of table.checks) {
    look(expression.node, writers, `CHECK "${name}"`, origin);
  }
  return [...found.values()];
}

/**
 * Rows are for visitors too, by a command that the policy covers. All policies of a command are one condition: where one of
 * them calls what visitors may not execute, they are refused the rows that another one shows them.
 */
const letsVisitorsIn = (table: Table, policy: Policy, state: SchemaState): boolean =>
  commandsOf(policy).some(
    (command) =>
      holds(table.grants, 'anon', command) &&
      table.policies.some((other) => isForVisitors(other, command, state)),
  );

const isForVisitors = (policy: Policy, command: Command, state: SchemaState): boolean =>
  policy.permissive &&
  covers(policy, command) &&
  (policy.roles.includes('anon') ||
    (policy.roles.includes('public') &&
      !/\b(authenticated|signed|logged)\b/i.test(policy.name) &&
      alternatives(predicateOf(policy, command)?.node ?? null).some(
        (branch) =>
          !looksAtCaller(branch, state) && truthOf(branch, { table: null, who: 'nobody' }) !== 'false',
      )));

/** The tables with policies whose rows need the function. */
export function tablesRefused(
  routine: Routine,
  state: SchemaState,
): readonly { readonly table: Table; readonly refused: Refused }[] {
  if (apiRoles.every((role) => holds(routine.grants, role, 'execute'))) return [];
  return [...state.tables.values()].flatMap((table) => {
    // To look at every expression of every table for each function takes too long where there are many of both.
    if (!table.rls || table.policies.length === 0 || !mentions(table, routine.name)) return [];
    const refused = refusedTo(table, state).find((each) => each.routine === routine);
    return refused === undefined ? [] : [{ table, refused }];
  });
}

const mentions = ({ policies, columns, checks }: Table, name: string): boolean =>
  policies.some(({ using, check }) => using?.text.includes(name) || check?.text.includes(name)) ||
  columns.some((column) => column.default?.text.includes(name)) ||
  checks.some(({ expression }) => expression.text.includes(name));
