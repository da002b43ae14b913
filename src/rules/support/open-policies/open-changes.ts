/** UPDATE and DELETE of every row, and what an UPDATE may make of one. */
import type { Command } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { refusesGuests } from '../application/guests.ts';
import { apiRolesOf, appliesTo, covers, grantedColumns, holds } from '../callers/roles.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { opensTo } from '../conditions/truth.ts';
import { questionFor } from '../owners/role-question.ts';
import { ownerOf } from '../owners/whose.ts';
import { alsoAsking, meansServer } from '../policies/misnamed.ts';
import { isDeclaredPublic } from '../policies/openness.ts';
import { named, people, sqlFence, upper } from '../words/words.ts';
import { saidOfCode } from './as-the-code-writes.ts';
import { leftToServer, narrowedChanges } from './narrowing.ts';
import { isRestricted, type JudgedPolicy, type Open, opens, type Reach } from './reach.ts';
import { staffStays } from './stays-beside.ts';

/** Every row may be changed or deleted. */
export function openChanges(judged: JudgedPolicy, reached: readonly Reach[]): Open {
  const { policy, table, state, title, misnamed, promise, changes } = judged;
  const commands = reached.map(({ command }) => command);
  const roles = reached.flatMap((each) => each.roles);
  const limited = isLimitedBySelect(judged, reached);
  const columns = columnsOf(judged, reached);
  const question = questionFor(misnamed, state, table);
  const ofNobody = ownerOf(table, state) === undefined;
  return {
    severity: limited || columns !== null ? 'warning' : 'error',
    message: `${title} is true for every row: ${people(roles)} may ${upper(commands)} ${columns === null ? '' : `${named(columns)}, which the grants name, in `}${limited ? 'all that the SELECT policies show them, and nothing else limits it' : 'all of them'}.${promise}${saidOfCode(ofNobody ? changes.filter(({ command }) => commands.includes(command as Command)) : [])} Name the rows in USING, or ${roles.includes('anon') ? 'the role in TO' : 'ask there what the caller is'}.`,
    help: sqlFence(
      meansServer(misnamed) && (changes.length === 0 || othersLet(judged, commands))
        ? leftToServer(judged)
        : question === null
          ? `${guestsOf(judged, reached)}${narrowedChanges(judged, commands)}`
          : (staffStays(policy, table, state) ?? alsoAsking(policy, table, question)),
    ),
  };
}

/** Guests change their own rows, which are nobody's, by a policy that lets visitors through. */
function guestsOf(
  { policy, table, state, inserts, changes }: JudgedPolicy,
  reached: readonly Reach[],
): string {
  const owner = ownerOf(table, state);
  const writing = inserts.filter(({ orNobody }) => owner !== undefined && orNobody?.includes(owner) === true);
  const refused = changes.filter(
    ({ command }) =>
      covers(policy, command as Command) &&
      reached.some((each) => each.command === command && each.roles.includes('anon')),
  );
  const beside = refused.filter(({ path }) => writing.some((call) => call.path === path));
  const done = beside.length > 0 ? beside : refused;
  return owner === undefined || writing.length === 0 || done.length === 0
    ? ''
    : refusesGuests(owner, writing, done);
}

/** What the code does as a user goes on by other policies. */
const othersLet = ({ policy, table }: JudgedPolicy, commands: readonly Command[]) =>
  commands.every((command) =>
    table.policies.some(
      (other) =>
        other !== policy && other.permissive && covers(other, command) && appliesTo(other, 'authenticated'),
    ),
  );

/** The columns that UPDATE is granted on, and is all that the policy opens; null where whole rows are open. */
function columnsOf({ table }: JudgedPolicy, reached: readonly Reach[]): readonly string[] | null {
  const granted = reached.flatMap(({ command, roles }) =>
    command === 'update' ? roles.map((role) => grantedColumns(table, role, 'update')) : [null],
  );
  if (granted.some((columns) => columns === null)) return null;
  const columns = new Set(granted.flatMap((each) => each!));
  return columns.size > 3 || columns.size === 0 ? null : [...columns];
}

/** Through the API an UPDATE or DELETE has a WHERE, and so reaches only rows that SELECT policies show: not all of them here. */
function isLimitedBySelect({ policy, table }: JudgedPolicy, reached: readonly Reach[]): boolean {
  const roles = reached.flatMap((each) => each.roles);
  const shows = table.policies.filter((other) => covers(other, 'select'));
  return (
    roles.every((role) => shows.some((other) => other !== policy && appliesTo(other, role))) &&
    !roles.some((role) =>
      shows.some(
        (other) =>
          other.permissive &&
          appliesTo(other, role) &&
          (opens(other, 'select') || isDeclaredPublic(table, role)),
      ),
    )
  );
}

/** USING (true) before a WITH CHECK that asks for the owner: whoever comes makes the row its own. */
export function takeover(judged: JudgedPolicy): Open | null {
  const { policy, table, title } = judged;
  if (policy.check === null || !opens(policy, 'update')) return null;
  const owner = ownerAsked(policy.check.node, judged);
  if (owner === undefined || !holds(table.grants, 'authenticated', 'update')) return null;
  if (!appliesTo(policy, 'authenticated') || isRestricted(table, 'update', ['authenticated'])) return null;
  return {
    severity: 'warning',
    message: `${title} is true for every row, and its WITH CHECK only asks whose the row becomes: every signed-in user may take the row of another by writing itself into "${owner}". Where rows change hands, a function can check that they may. Else ask the same in USING.`,
    help: sqlFence(
      `alter policy ${quoteIdent(policy.name)} on ${table.key}\n  using (${policy.check.text});`,
    ),
  };
}

/** WITH CHECK (true) behind a USING that asks for the owner: the new row may be anybody's. */
export function handover(judged: JudgedPolicy): Open | null {
  const { policy, table, title } = judged;
  if (!covers(policy, 'update') || policy.using === null || opensTo(policy.check?.node ?? null) === null)
    return null;
  const owner = ownerAsked(policy.using.node, judged);
  const roles = apiRolesOf(policy).filter((role) => holds(table.grants, role, 'update'));
  if (owner === undefined || roles.length === 0 || keepsOwner(owner, judged, roles)) return null;
  return {
    severity: 'error',
    message: `${title} asks nothing of the new row: WITH CHECK (true) replaces USING there. Whoever may change a row can hand it to somebody else by "${owner}". Leave WITH CHECK out, or repeat the condition of USING.`,
    help: sqlFence(
      `alter policy ${quoteIdent(policy.name)} on ${table.key}\n  with check (${policy.using.text});`,
    ),
  };
}

/** The column that a condition compares with the caller. */
const ownerAsked = (node: SyntaxNode | null, { table, state }: JudgedPolicy) =>
  ownComparisons(readPredicate(node, table, state)).find(
    ({ other, operator }) => operator === '=' && other.is === 'user-id',
  )?.column.name;

/** A restrictive policy about the owner holds for the new row too; one about the tenant lets it change hands inside. */
const keepsOwner = (owner: string, { table, state }: JudgedPolicy, roles: readonly string[]) =>
  table.policies.some(
    (policy) =>
      !policy.permissive &&
      covers(policy, 'update') &&
      roles.every((role) => appliesTo(policy, role)) &&
      ownComparisons(readPredicate((policy.check ?? policy.using)?.node ?? null, table, state)).some(
        ({ column }) => column.name === owner,
      ),
  );
