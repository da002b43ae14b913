/** What Postgres finds wrong with SQL when it becomes the body of a function: tried in a savepoint and taken back. */
import type { Outcome, Session } from '../database/engine.ts';
import type { SqlError } from '../model/replay.ts';
import { escapeRegExp } from '../sql/text.ts';
import { offsetOfCharacter, sqlError } from './errors.ts';
import type { BodyProblem, CatalogFunction } from './functions.ts';

/** Undefined table, column, function; ambiguous column: what no value and no caller can change. */
export const certain: ReadonlySet<string> = new Set(['42P01', '42703', '42883', '42702']);

/** A body written in SQL; of one in PL/pgSQL it is the syntax alone that Postgres looks at. */
export async function checkByMaking(
  session: Session,
  routine: CatalogFunction,
): Promise<readonly BodyProblem[]> {
  const { definition, body } = routine;
  const outcome = await make(session, definition);
  if (outcome.ok || ![...certain, '42601'].includes(outcome.error.sqlstate)) return [];
  const error = sqlError(outcome.error);
  if (isMadeIn(routine, error)) return [];
  const start = definition.lastIndexOf(body);
  const at = error.position === null ? -1 : offsetOfCharacter(definition, error.position);
  const bodyLine = start === -1 || at < start ? null : lineOf(definition.slice(start), at - start);
  return [{ error, bodyLine, table: null, swallowed: false }];
}

export async function make(session: Session, sql: string): Promise<Outcome> {
  const [, outcome] = await session.batch([
    'savepoint body',
    sql,
    'rollback to savepoint body',
    // Left open they would nest, until Postgres' stack is used up.
    'release savepoint body',
  ]);
  return outcome!;
}

/** A table of its own, temporary or not, or a transition table: nothing is missing once the body has come to it. */
export function isMadeIn({ body, transitions }: CatalogFunction, { message }: SqlError): boolean {
  const missing = /"(?:[^".]+\.)?([^".]+)"[^"]*does not exist$/.exec(message)?.[1];
  if (missing === undefined) return false;
  if (transitions.includes(missing)) return true;
  const name = escapeRegExp(missing);
  return new RegExp(`\\b(create|alter)\\b[^;]*\\b${name}\\b`, 'iu').test(body);
}

/** 1-based. */
export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;
