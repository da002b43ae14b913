/** DO blocks, and the bodies of functions that are called: run as far as the state tells what they do. */
import type { Place } from '../../model/finding.ts';
import type { Routine } from '../../model/schema.ts';
import type { SourceFile, Statement, SyntaxNode } from '../../model/sql.ts';
import { doBody } from '../do.ts';
import { parseStatements } from '../parse.ts';
import { parsePlpgsql } from '../plpgsql.ts';
import type { Stretch } from '../plpgsql-tree.ts';
import { mayChangeSchema } from './do-matters.ts';
import type { Draft } from './draft.ts';
import { type FoldStatement, Interpreter, statementEffort } from './interpreter.ts';
import { nameParts } from './references.ts';
import { siteAt, siteOf } from './site.ts';

/** Folds a DO block. Returns the stretches of the file whose statements the state says are not run. */
export function foldDo(
  draft: Draft,
  source: SourceFile,
  statement: Statement,
  fold: FoldStatement,
): readonly Stretch[] {
  const site = siteOf(source, statement);
  const body = doBody(source, statement);
  if (body === null) {
    if (mayChangeSchema(statement.sql))
      draft.unknown(site.origin, 'what a DO block in another language than plpgsql does', null, 'any');
    return [];
  }
  const block = parsePlpgsql(body.text, body.start, body.end);
  if (block === null) {
    if (mayChangeSchema(body.text.slice(body.start, body.end))) {
      draft.unknown(site.origin, 'what this DO block does: its body could not be read', null, 'any');
    }
    return [];
  }
  const interpreter = new Interpreter(
    draft,
    body.inFile ? source : null,
    body.text,
    site.origin,
    statement.index,
    fold,
  );
  interpreter.runAll(block);
  return body.inFile ? interpreter.idle(block) : [];
}

/** Functions that call each other are not followed deeper than this. */
const callLimit = 8;

/** SELECT f(…), PERFORM f(…): the body of a function that a migration made, with the arguments that are known. */
export function foldCall(
  draft: Draft,
  routine: Routine,
  args: readonly SyntaxNode[],
  origin: Place,
  fold: FoldStatement,
): void {
  if (routine.returns === 'trigger' || !mayChangeSchema(routine.body)) return;
  const path = draft.searchPath;
  if (draft.calls >= callLimit || !draft.spend(statementEffort)) {
    draft.unknown(origin, `what ${routine.key} does when it is called`, null, 'any');
    return;
  }
  draft.calls += 1;
  const configured = routine.config.search_path;
  if (configured !== undefined)
    draft.searchPath = configured.split(',').flatMap((part) => nameParts(part.trim()));
  if (routine.language === 'sql') {
    for (const statement of parseStatements(routine.body) ?? []) {
      fold(draft, statement, siteAt(origin, routine.body, statement));
    }
  } else if (routine.language === 'plpgsql') {
    const block = parsePlpgsql(routine.body);
    if (block === null)
      draft.unknown(origin, `what ${routine.key} does: its body could not be read`, null, 'any');
    else {
      const interpreter = new Interpreter(draft, null, routine.body, origin, 0, fold);
      interpreter.bindArguments(routine, args);
      interpreter.runAll(block);
    }
  } else draft.unknown(origin, `what ${routine.key} does when it is called`, null, 'any');
  draft.searchPath = path;
  draft.calls -= 1;
}
