/** What a statement changes for those after it: search path and role; and calls that may do anything. */
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import { tableFromQuery } from './create-table.ts';
import { foldCall } from './do-blocks.ts';
import { type Draft, migrationRole } from './draft.ts';
import { takes } from './drop.ts';
import { outputColumns } from './query-columns.ts';
import { nameParts } from './references.ts';
import { findByName, settingList } from './routines.ts';
import type { Site } from './site.ts';
import { folds } from './statements.ts';

export function setStatement(draft: Draft, node: SyntaxNode): void {
  const name = String(node.name ?? '').toLowerCase();
  if (node.kind === 'VAR_RESET_ALL') {
    draft.resetSearchPath();
    return;
  }
  if (name === 'search_path') {
    if (node.kind === 'VAR_SET_VALUE') setPath(draft, settingList(node));
    else draft.resetSearchPath();
  } else if (name === 'role' || name === 'session_authorization') {
    const [role] = node.kind === 'VAR_SET_VALUE' ? settingList(node) : [];
    draft.role = role === undefined || role === 'none' ? migrationRole : role;
  }
}

function setPath(draft: Draft, schemas: readonly string[]): void {
  draft.searchPath = schemas.filter(
    (schema) => schema !== '$user' && schema !== 'pg_catalog' && schema !== '',
  );
}

export function selectStatement(draft: Draft, node: SyntaxNode, site: Site): void {
  if (node.intoClause !== undefined) {
    const { intoClause, ...query } = node;
    tableFromQuery(draft, intoClause, outputColumns(draft, query), site, false);
    return;
  }
  const calls = node.funccall === undefined ? callsOf(node) : [node.funccall];
  for (const call of calls) {
    const parts = strings(call.funcname);
    const literal = (at: number): string | undefined => call.args?.[at]?.A_Const?.sval?.sval;
    if (parts.at(-1) === 'set_config') {
      // pg_dump empties the path this way; an empty string is left out of the tree.
      if (literal(0) === 'search_path') {
        setPath(
          draft,
          (literal(1) ?? '').split(',').flatMap((part) => nameParts(part.trim())),
        );
      }
      continue;
    }
    const args: readonly SyntaxNode[] = call.args ?? [];
    const candidates = findByName(draft, parts).map((key) => draft.get('routine', key)!);
    const called = candidates.find((routine) => takes(routine, args.length));
    // Only functions that migrations made: those of the platform are known not to change what a state shows.
    if (called !== undefined && called.origin !== null) foldCall(draft, called, args, site.origin, foldOne);
  }
}

function foldOne(draft: Draft, statement: Statement, site: Site): void {
  const fold = folds[statement.kind];
  if (typeof fold === 'function') fold(draft, statement.node, site);
}

function callsOf(node: SyntaxNode): SyntaxNode[] {
  return (node.targetList ?? [])
    .map(({ ResTarget: target }: SyntaxNode) => target?.val?.FuncCall)
    .filter((call: SyntaxNode | undefined) => call !== undefined);
}
