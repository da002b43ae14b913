/** Rows on which staff work together: whoever made the parent is noted there, and owns nothing. */
import type { Facts } from '../../../model/facts.ts';
import type { Policy, SchemaState, Table } from '../../../model/schema.ts';
import { appliesTo, covers, predicateOf } from '../callers/roles.ts';
import { isRead, isReadElsewhere } from '../owners/name-read.ts';
import { isPersonTable, ownerColumns } from '../owners/owners.ts';
import { isOpenTo, opensFor } from '../policies/openness.ts';
import { asksForARoleAlone } from './granted.ts';
import type { LeakGroup } from './leak.ts';

/**
 * Whose a row is, only its parents tell, by columns that may be empty and that no policy anywhere asks for. Policies of
 * the parents let everybody who signed in, or everybody of a role, work on all of them, and a role is asked for somewhere:
 * that is a firm's, where the policy that let it through is for all who work there.
 */
export function isSharedByStaff({ object, leaks, opener }: LeakGroup, facts: Facts): boolean {
  const state = facts.head;
  const table = state.tables.get(object.object);
  if (table === undefined || opener === null || opener === 'off') return false;
  const above = parentsOf(table, object.ownerColumns, facts);
  return (
    above !== null &&
    leaks.every(
      ({ command, principal }) =>
        principal !== 'anon' &&
        (command === 'insert' || command === 'update') &&
        opensFor(predicateOf(opener, command)?.node ?? null, 'authenticated'),
    ) &&
    above.every((parent) => isWorkedOnByAll(parent, state)) &&
    [table, ...above].some((each) => usersPolicies(each).some((policy) => asksRole(policy, each, state)))
  );
}

/** The tables by which a row is somebody's, up to the one whose row was made by a user; null where a row names one itself. */
function parentsOf(table: Table, owners: readonly string[], facts: Facts, depth = 0): Table[] | null {
  if (owners.length === 0 || depth > 3 || ownerColumns(table, facts.head).length > 0) return null;
  const found: Table[] = [];
  for (const owner of owners) {
    const key = table.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === owner);
    const parent = facts.head.tables.get(key?.references ?? '');
    if (parent === undefined || parent === table || isPersonTable(parent.key, facts.head)) return null;
    found.push(parent);
    const makers = ownerColumns(parent, facts.head);
    if (makers.length > 0) {
      if (!makers.every((maker) => isNote(maker, parent, facts.head))) return null;
      continue;
    }
    // A list that all users keep is nobody's, whatever it points to.
    if (isKeptByAll(parent)) continue;
    const probed = facts.access?.head.objects.find(({ object }) => object === parent.key)?.ownerColumns ?? [];
    const higher = parentsOf(parent, probed, facts, depth + 1);
    if (higher === null) return null;
    found.push(...higher);
  }
  return found;
}

const isKeptByAll = (table: Table) =>
  (['insert', 'update'] as const).every((command) => isOpenTo(table, command, 'authenticated'));

const isNote = (column: string, table: Table, state: SchemaState) =>
  table.columns.find(({ name }) => name === column)?.notNull === false &&
  !concerned.test(column) &&
  !isRead(column, table, table.policies) &&
  !isReadElsewhere(table, column, state);

/** Whom a row is for, and who has it made: no staff. */
const concerned = /(^|_)(client|customer|buyer|guest|tenant|patient|student|member|owner)(_?u?id)?$/i;

const usersPolicies = ({ policies }: Table) =>
  policies.filter((policy) => policy.permissive && appliesTo(policy, 'authenticated'));

const isWorkedOnByAll = (table: Table, state: SchemaState) =>
  (['insert', 'update'] as const).every((command) =>
    usersPolicies(table).some((policy) => covers(policy, command)),
  ) &&
  usersPolicies(table).every((policy) =>
    [policy.using, policy.check].every(
      (expression) =>
        expression === null ||
        opensFor(expression.node, 'authenticated') ||
        asksForARoleAlone(expression.node, table, state),
    ),
  );

const asksRole = ({ using, check }: Policy, table: Table, state: SchemaState) =>
  [using, check].some((expression) => asksForARoleAlone(expression?.node, table, state));
