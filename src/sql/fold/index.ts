/** The state of the schema, folded from the SQL of migrations without an engine. */
import type { GrantsEra } from '../../model/replay.ts';
import type { FoldStep, SchemaState } from '../../model/schema.ts';
import type { SourceFile, Statement } from '../../model/sql.ts';
import type { Stretch } from '../plpgsql-tree.ts';
import { sparedIn } from '../spared.ts';
import { foldDo } from './do-blocks.ts';
import { Draft } from './draft.ts';
import { enterEra } from './eras.ts';
import { Failed } from './failed.ts';
import { type Site, siteOf } from './site.ts';
import { folds } from './statements.ts';

export { emptyState } from './platform.ts';

export interface FoldOptions {
  /** Whose default privileges hold when this file runs. */
  readonly era: GrantsEra;
}

/** One file on top of a state. Never throws: what can't be followed is in the new state's `unknown`. */
export function foldFile(state: SchemaState, source: SourceFile, options: FoldOptions): FoldStep {
  const draft = new Draft(state);
  enterEra(draft, options.era);
  const idle: Stretch[] = [];
  const spared = sparedIn(source);
  for (const statement of source.statements) {
    if (spared.has(statement)) continue;
    if (statement.kind === 'DoStmt') idle.push(...foldDo(draft, source, statement, foldStatement));
    // Cut out of a function whose quoting is broken, SELECT … INTO sets a variable and makes no table.
    else if (source.issue === null || statement.node.intoClause === undefined)
      foldStatement(draft, statement, siteOf(source, statement));
  }
  if (source.issue !== null) {
    const why = `what stands behind the syntax error: ${source.issue.message}`;
    draft.unknown({ file: source.path, ...source.issue.span }, why, null, 'else');
  }
  const { state: after, touched, created } = draft.finish();
  return { path: source.path, before: state, after, touched, created, idle };
}

/** All files in the order they run, each on top of those before it. */
export function foldAll(
  initial: SchemaState,
  sources: readonly SourceFile[],
  eraOf: (source: SourceFile) => GrantsEra,
): FoldStep[] {
  const steps: FoldStep[] = [];
  let state = initial;
  for (const source of sources) {
    const step = foldFile(state, source, { era: eraOf(source) });
    steps.push(step);
    state = step.after;
  }
  return steps;
}

function foldStatement(draft: Draft, statement: Statement, site: Site): void {
  const fold = folds[statement.kind];
  if (typeof fold !== 'function') return;
  try {
    fold(draft, statement.node, site);
  } catch (error) {
    if (error instanceof Failed) return;
    const message = error instanceof Error ? error.message : String(error);
    draft.unknown(site.origin, `this statement: ${message}`, null, 'else');
  }
}
