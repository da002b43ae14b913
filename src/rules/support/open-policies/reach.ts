/** A policy that asks for nothing: what it opens, to whom, and what beside it is a limit all the same. */
import type { ClientCall } from '../../../model/client.ts';
import type { Severity } from '../../../model/finding.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { StateContext } from '../../rule.ts';
import { callsOfServer, callsOn } from '../application/client-calls.ts';
import {
  type ApiRole,
  appliesTo,
  commandsOf,
  covers,
  entrantsOf,
  holds,
  predicateOf,
  writes,
} from '../callers/roles.ts';
import { isPlainTrue, opensTo } from '../conditions/truth.ts';
import { meansServer, nameSaysRole, promiseOf } from '../policies/misnamed.ts';
import { isOfAdministrators } from '../ways-out/as-the-code-asks.ts';
import { isSaidForStaff } from '../words/comment-above.ts';

/** A policy, where it stands, and what its name promises. */
export interface JudgedPolicy {
  readonly policy: Policy;
  readonly table: Table;
  readonly state: SchemaState;
  /** `Policy "p" on "t"`, as each finding begins. */
  readonly title: string;
  /** Whom it is for by its name, where nothing else in it says so. */
  readonly misnamed: string | null;
  /** That in a sentence, with a space before it; empty where there is nothing to say. */
  readonly promise: string;
  /** It is for the server by its name, and a comment says that strangers are meant. */
  readonly forStrangers: boolean;
  /** Its file or a comment says that staff is meant, and no code of other users writes there. */
  readonly ofStaff: boolean;
  /** Rows that the application's code inserts with the user's own rights. */
  readonly inserts: readonly ClientCall[];
  /** Those that it inserts on a server, or by a client of which nobody can say what it holds. */
  readonly insertsOfServer: readonly ClientCall[];
  /** Those that it changes or deletes as a user. */
  readonly changes: readonly ClientCall[];
  /** Those that it reads as a user. */
  readonly reads: readonly ClientCall[];
}

/** What is to be said of what it opens. */
export interface Open {
  readonly severity: Severity;
  readonly message: string;
  readonly help?: string;
}

/** One command that a policy opens, and to whom. */
export interface Reach {
  readonly command: Command;
  readonly roles: readonly ApiRole[];
}

export function judgedPolicy(policy: Policy, table: Table, { state, facts }: StateContext): JudgedPolicy {
  const misnamed = promiseOf(policy, table, state, facts);
  return {
    policy,
    table,
    state,
    title: `Policy "${policy.name}" on "${table.key}"`,
    misnamed,
    promise: misnamed === null ? '' : ` By its name it is for ${misnamed}, and nothing else in it says so.`,
    forStrangers: misnamed === null && meansServer(nameSaysRole(policy, table, state)),
    ofStaff:
      isSaidForStaff(policy.origin, facts) && callsOn(table.key, writes, facts).every(isOfAdministrators),
    inserts: callsOn(table.key, ['insert'], facts),
    insertsOfServer: callsOfServer(table.key, ['insert'], facts),
    changes: callsOn(table.key, ['update', 'delete'], facts),
    reads: callsOn(table.key, ['select'], facts),
  };
}

/** The commands that reach every row, with the roles that hold them. */
export const reachOf = ({ policy, table, state }: JudgedPolicy): readonly Reach[] =>
  commandsOf(policy).flatMap((command) => {
    const opened = opensTo(predicateOf(policy, command)?.node ?? null);
    const roles = entrantsOf(policy, table, state).filter(
      (role) => (opened === 'everybody' || role !== 'anon') && holds(table.grants, role, command),
    );
    return opened === null ||
      roles.length === 0 ||
      isRestricted(table, command, roles) ||
      asksOfNewRow(policy, command)
      ? []
      : [{ command, roles }];
  });

/** True where the policy asks nothing of a row before that command. */
export const opens = (policy: Policy, command: Command) =>
  covers(policy, command) && opensTo(predicateOf(policy, command)?.node ?? null) !== null;

/** An UPDATE of any row that leaves it as WITH CHECK wants it: that limits what a row becomes, and who may. */
const asksOfNewRow = ({ check }: Policy, command: Command) =>
  command === 'update' && check !== null && opensTo(check.node) === null;

/** A restrictive policy that holds for all those roles is a limit of its own. */
export const isRestricted = (table: Table, command: Command, roles: readonly ApiRole[]) =>
  table.policies.some(
    (policy) =>
      !policy.permissive &&
      covers(policy, command) &&
      roles.every((role) => appliesTo(policy, role)) &&
      !isPlainTrue(predicateOf(policy, command)?.node ?? null),
  );
