/** EXECUTE that is missing: of functions that policies, defaults and checks call, or the application's code. */
import type { ChangeSet } from '../../../model/facts.ts';
import type { Origin, Routine, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import type { StateContext } from '../../rule.ts';
import { placesOf } from '../application/client-calls.ts';
import { userCallsOfRoutine } from '../application/routine-calls.ts';
import { holders, holds, served } from '../callers/roles.ts';
import { type Refused, refusedTo, tablesRefused } from '../policies/run-as-caller.ts';
import { evidenceOf, isRevoke } from '../statements/sites.ts';
import { isExposedTable } from '../tables/tables.ts';
import { listed, named, sqlFence } from '../words/words.ts';

/** Functions in policies, defaults and checks run as the caller. */
export function tellFunctions(table: Table, context: StateContext) {
  for (const refused of refusedTo(table, context.state)) {
    if (refusedNow(refused, context).length === 0) tellRefused(refused, [table], refused.origin, context);
  }
}

/** What the change took from a function is told once, and not at each table that calls it. */
export function tellHelper(routine: Routine, context: StateContext) {
  const users = tablesRefused(routine, context.state).flatMap(({ table, refused }) => {
    const roles = isExposedTable(table, context) ? refusedNow(refused, context) : [];
    return roles.length === 0 ? [] : [{ table, refused: { ...refused, roles } }];
  });
  if (users.length === 0) return;
  // At one that calls it for all of the roles.
  const most = Math.max(...users.map(({ refused }) => refused.roles.length));
  const first = users.find(({ refused }) => refused.roles.length === most)!;
  tellRefused(
    first.refused,
    [first, ...users.filter((each) => each !== first)].map(({ table }) => table),
    users.length === 1 ? first.refused.origin : (placeOfRevoke(routine, context.set) ?? routine.origin),
    context,
  );
}

/** The first three by name. */
const shortly = (names: readonly string[]) =>
  names.length <= 3
    ? named(names)
    : `${names
        .slice(0, 3)
        .map((name) => `"${name}"`)
        .join(', ')} and ${names.length - 3} more`;

/** Roles that could execute it before this change; all where there was no such function. */
function refusedNow({ routine, roles }: Refused, { set }: StateContext): readonly string[] {
  const before = set.before.routines.get(routine.key);
  return before === undefined ? roles : roles.filter((role) => holds(before.grants, role, 'execute'));
}

function tellRefused(
  { routine, roles, where }: Refused,
  [table, ...others]: readonly Table[],
  origin: Origin,
  { state, home, report }: StateContext,
) {
  const isForVisitors = !roles.includes('authenticated');
  report({
    message: `${where} of "${table!.key}" calls "${routine.key}", which ${named(roles)} may not execute${others.length === 0 ? '' : `; so do those of ${shortly(others.map(({ key }) => key))}`}. The whole statement fails with "permission denied for function ${routine.name}" (42501). Grant EXECUTE${isForVisitors ? ', or write the policies that call it TO authenticated where they are not for visitors' : ''}.`,
    at: home(origin ?? table!.origin),
    object: table!.key,
    key: `function ${routine.key}${isForVisitors ? ' anon' : ''}`,
    // Whether visitors come is not known where no policy names them.
    severity:
      isForVisitors && !table!.policies.some((policy) => policy.roles.includes('anon'))
        ? 'warning'
        : undefined,
    evidence: evidenceOf(state),
    help: sqlFence(`grant execute on function ${routine.key} to ${roles.join(', ')};`),
  });
}

/** EXECUTE taken from everybody, and nothing inside the database that calls the function; or from those who call it. */
export function tellRoutine(routine: Routine, { facts, state, set, home, exposed, report }: StateContext) {
  if (!exposed(routine.schema) || routine.kind === 'aggregate' || /^(event_)?trigger$/.test(routine.returns))
    return;
  const calls = userCallsOfRoutine(routine, facts);
  const revoked = placeOfRevoke(routine, set);
  // Another of its name may be the one that is called.
  const isServed = [...state.routines.values()].some(
    ({ schema, name, grants }) =>
      schema === routine.schema && name === routine.name && holders(grants, 'execute').length > 0,
  );
  if (calls.length > 0 && !isServed) {
    const sql = `grant execute on function ${routine.key} to authenticated;`;
    report({
      message: `Neither "anon" nor "authenticated" may execute "${routine.key}", and the code calls it: ${placesOf(calls)}, which fails with "permission denied for function" (42501). ${revoked === null ? 'Grant EXECUTE to whom it is meant for, or take the call out' : 'Let the server make the call, or grant EXECUTE again if users may make it'}.`,
      at: home(revoked ?? routine.origin),
      object: routine.key,
      key: 'asked',
      severity: 'warning',
      evidence: evidenceOf(state),
      help: sqlFence(revoked === null ? sql : `-- only if users may call it themselves\n${sql}`),
    });
    return;
  }
  const before = set.before.routines.get(routine.key);
  if (before === undefined && revoked === null) return;
  if ([...served, 'public'].some((role) => holds(routine.grants, role, 'execute'))) return;
  if (routine.grants.some(({ privilege }) => privilege === 'execute') || isCalled(routine, state)) return;
  report({
    message: `Nobody may execute "${routine.key}": EXECUTE is revoked from ${listed(['PUBLIC', ...served.map((role) => `"${role}"`)])}. A call through the API fails with "permission denied for function" (42501), with the server's key too. Grant EXECUTE to whoever calls it.`,
    at: home(revoked ?? routine.origin),
    object: routine.key,
    // A REVOKE that names the server's role too is meant: retired, or for the owner's own jobs.
    severity: namesServer(routine, set) ? 'info' : 'warning',
    evidence: evidenceOf(state),
    help: sqlFence(`grant execute on function ${routine.key} to service_role;`),
  });
}

/** Where this change takes EXECUTE on it from somebody: the author spoke of its privileges. */
function placeOfRevoke(routine: Routine, set: ChangeSet): Origin {
  const [first] = revokesOf(routine, set);
  return first === undefined ? null : { file: first.source.path, ...first.statement.span };
}

const namesServer = (routine: Routine, set: ChangeSet) =>
  revokesOf(routine, set).some(({ statement }) =>
    (statement.node.grantees ?? []).some(({ RoleSpec }: SyntaxNode) => RoleSpec?.rolename === 'service_role'),
  );

function revokesOf({ name }: Routine, { migrations }: ChangeSet) {
  const called = new RegExp(`(?<![\\w$])${escapeRegExp(name)}(?![\\w$])`);
  return migrations.flatMap(({ source }) =>
    source.statements
      .filter(
        (statement) =>
          isRevoke(statement) && statement.node.objtype === 'OBJECT_FUNCTION' && called.test(statement.sql),
      )
      .map((statement) => ({ source, statement })),
  );
}

const callers = new WeakMap<SchemaState, string>();

/** Called by another function, a view, a trigger or a policy. */
function isCalled(routine: Routine, state: SchemaState): boolean {
  for (const other of state.routines.values()) {
    if (other.key !== routine.key && other.body.includes(routine.name)) return true;
  }
  let text = callers.get(state);
  if (text === undefined) {
    text = [
      ...[...state.views.values()].map(({ definition }) => definition.text),
      ...[...state.tables.values()].flatMap((table) => [
        ...table.policies.flatMap(({ using, check }) => [using?.text ?? '', check?.text ?? '']),
        ...table.triggers.map((trigger) => trigger.function),
        ...table.columns.map((column) => column.default?.text ?? ''),
        ...table.checks.map(({ expression }) => expression.text),
      ]),
    ].join('\n');
    callers.set(state, text);
  }
  return text.includes(routine.name);
}
