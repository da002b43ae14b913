/** Why a sign-up failed here: by what was made up or is missing here alone, or by the project's own doing. */
import type { AccessMatrix, SignUpRun } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Place } from '../../../model/finding.ts';
import type { Routine, SchemaState } from '../../../model/schema.ts';
import { routineNamed, signUpTriggers } from '../callers/sign-up.ts';
import { isOfChange } from '../statements/changed-statement.ts';
import { sqlFence } from '../words/words.ts';
import { stoppedBy } from './sign-up-cause.ts';

/** A value of the metadata breaks a CHECK or does not fit a type, and nobody but the probes made it up. */
export const isOfOurValues = ({ variant, error }: SignUpRun, { signUps }: AccessMatrix) =>
  variant === 'email-metadata' &&
  /^(23514|22P02|22007)$/.test(error?.sqlstate ?? '') &&
  signUps.some((run) => run.variant === 'email' && run.status === 'works');

/** The id of a row that is there already, which the trigger takes from the metadata: a tenant's, an invitation's. */
export function parentAsked(run: SignUpRun, head: SchemaState): string | null {
  if (!/^(23514|23502|23503)$/.test(run.error?.sqlstate ?? '')) return null;
  const keys = routinesOn(run, head).flatMap(
    ({ body }) => /meta\w*\s*->>\s*'(\w+_id)'/i.exec(body)?.[1] ?? [],
  );
  // A NULL that stops it must be that column's: any other is the trigger's own doing.
  return keys.find((key) => run.error?.sqlstate !== '23502' || run.error.message.includes(key)) ?? null;
}

/** The table that is not there, where the migrations work on it and none makes it: the database that is in use has it. */
export function madeByHand({ error }: SignUpRun, { sources }: Facts): string | null {
  const [, name] = error?.sqlstate === '42P01' ? (/"(?:\w+\.)?(\w+)"/.exec(error.message) ?? []) : [];
  if (name === undefined) return null;
  const statements = [...sources.values()].flatMap((source) => source.statements);
  const isMade = statements.some(
    ({ kind, node }) => kind === 'CreateStmt' && node.relation?.relname === name,
  );
  const isUsed = statements.some(
    ({ kind, node }) =>
      /^(AlterTable|Index|CreatePolicy|CreateTrig|Insert|Update|Delete)Stmt$/.test(kind) &&
      (node.relation ?? node.table)?.relname === name,
  );
  return isUsed && !isMade ? name : null;
}

/** RAISE EXCEPTION in a trigger's function: somebody wrote down when to refuse, and does not pass on what went wrong. */
export const isGate = (run: SignUpRun, head: SchemaState) =>
  // A code of the project's own choice is no less its own.
  /^(P0001|42501|22023|23514)$/.test(run.error?.sqlstate ?? '') &&
  / at RAISE\b/.test(run.error?.where ?? '') &&
  routinesOn(run, head).every(({ body }) => !/\braise\s+exception[^;]*\bsqlerrm\b/i.test(body));

/** It runs as its owner, and finds a table, a type or a function by no path: that is all that is missing. */
export function offThePath(run: SignUpRun, head: SchemaState): string | null {
  const routine = routinesOn(run, head)[0];
  if (!/^42(P01|883|704)$/.test(run.error?.sqlstate ?? '') || routine?.securityDefiner !== true) return null;
  if (routine.config.search_path !== undefined) return null;
  return `GoTrue signs users up with \`search_path = auth\`. Name what the function uses with its schema, or give it a path of its own:\n\n${sqlFence(`alter function ${routine.key} set search_path = public;`)}`;
}

const routinesOn = (run: Pick<SignUpRun, 'error'>, head: SchemaState): Routine[] =>
  [...(run.error?.where ?? '').matchAll(/function ([\w".]+)\(/g)].flatMap(
    ([, name]) => routineNamed(name!, head) ?? [],
  );

/** A function on the way to the error that reads the vault: it has no secrets where migrations alone were run. */
export function vaultReader(run: SignUpRun, head: SchemaState): Routine | null {
  // What a null brings about: its own RAISE, or an argument or a column that must not be empty.
  if (!/^(P0001|23502|22004)$/.test(run.error?.sqlstate ?? '')) return null;
  return (
    routinesOn(run, head).find(({ body }) => /\bvault\s*\.\s*(decrypted_)?secrets\b/i.test(body)) ?? null
  );
}

/**
 * The function that Postgres' CONTEXT names, else the trigger; where the change wrote neither, and sign-up worked before,
 * what it did to the tables that they fill.
 */
export function homeOfFailure(run: Pick<SignUpRun, 'error'>, facts: Facts): Place | null {
  const { head, access } = facts;
  const place = homeOfFunction(run, head);
  return hasWorked(access?.base ?? null) && !isOfChange(place, facts)
    ? (stoppedBy(run, facts) ?? place)
    : place;
}

export const hasWorked = (base: AccessMatrix | null) =>
  base?.signUps.some(({ status }) => status === 'works') === true;

function homeOfFunction(run: Pick<SignUpRun, 'error'>, head: SchemaState): Place | null {
  const trigger = signUpTriggers(head)[0];
  return (
    routinesOn(run, head)[0]?.origin ??
    (trigger === undefined ? null : (routineNamed(trigger.function, head)?.origin ?? trigger.origin))
  );
}
