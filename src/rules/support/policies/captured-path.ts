/** In a policy on `storage.objects`: a sub-select's own "name" where the path of the file was meant. */
import type { Edit } from '../../../model/finding.ts';
import type { Expression, Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { predicatesOf } from '../conditions/predicates.ts';
import { type ColumnUse, type Reading, readPredicate, type Side } from '../conditions/scope.ts';
import { type Found, replaceRange } from '../statements/sites.ts';
import {
  bare,
  conjuncts,
  constantOf,
  functionCalls,
  functionName,
  nodesOf,
  operatorOf,
} from '../syntax/tree.ts';
import { alterPolicy } from './policy-edits.ts';

export interface PathCapture {
  /** The "name" that is read as a path. */
  readonly taken: ColumnUse;
  /** What it is compared with, a column of the same table; null where it stands in a call or before LIKE. */
  readonly other: ColumnUse | null;
  /** Another condition asks the file as well: of that sub-select, or beside it together with the caller. */
  readonly tied: boolean;
}

/**
 * Nobody takes the folder of a team's or a document's name: with `name` alone Postgres takes the innermost table's column,
 * and a dump of the policy shows it as `team.name`.
 */
export function pathCapturesIn(
  node: SyntaxNode | null,
  objects: Table,
  state: SchemaState,
): readonly PathCapture[] {
  if (node === null) return [];
  const reading = readPredicate(node, objects, state);
  const paths = pathsIn(node);
  const isInner = ({ name, depth, source }: ColumnUse) =>
    name === 'name' && depth > 0 && source.key !== null && source.key !== objects.key;
  const read = reading.columns.filter((use) => isInner(use) && paths.has(use.location));
  const compared = reading.comparisons.flatMap(({ operator, left, right }) =>
    operator === '=' ? [...sameTable(left, right), ...sameTable(right, left)] : [],
  );
  const beside = isAskedBeside(node, objects, state);
  return [
    ...read.map((taken) => ({ taken, other: null })),
    ...compared.filter(([taken]) => isInner(taken)).map(([taken, other]) => ({ taken, other })),
  ].map(({ taken, other }) => ({ taken, other, tied: beside || asksFile(taken, reading) }));
}

/** Two columns of one table: the bare one was meant for the file. */
const sameTable = (left: Side, right: Side): [ColumnUse, ColumnUse][] =>
  left.is === 'column' &&
  right.is === 'column' &&
  left.column.unqualified &&
  left.column.source === right.column.source
    ? [[left.column, right.column]]
    : [];

/** Where a column is cut at slashes, or is the text that LIKE looks into for another column's value. */
function pathsIn(node: SyntaxNode): ReadonlySet<number> {
  const found = new Set<number>();
  const add = (value: SyntaxNode | null | undefined) => {
    const ref = bare(value)?.ColumnRef;
    if (ref !== undefined) found.add(ref.location ?? 0);
  };
  for (const call of functionCalls(node)) {
    const { schema, name } = functionName(call);
    const [text, separator] = call.args ?? [];
    const cuts = schema === 'storage' || schema === null ? cutsPaths.test(name) : false;
    if (cuts || (cutsAt.test(name) && constantOf(separator ?? null) === '/')) add(text);
  }
  for (const expression of nodesOf(node, 'A_Expr')) {
    if (/^~~\*?$/.test(operatorOf(expression)) && nodesOf(expression.rexpr ?? {}, 'ColumnRef').length > 0)
      add(expression.lexpr);
  }
  return found;
}

const cutsPaths = /^(foldername|filename|extension)$/;
const cutsAt = /^(split_part|string_to_array|regexp_split_to_array|starts_with)$/;

/** The sub-select that took the name compares something of the file with its rows all the same. */
function asksFile({ within, depth }: ColumnUse, { columns }: Reading): boolean {
  const select = within[depth]!;
  return columns.some((use) => use.depth < depth && use.name !== 'bucket_id' && use.within.includes(select));
}

/** `and (storage.foldername(name))[1] = auth.uid()::text`: the file is the caller's by another part of the condition. */
const isAskedBeside = (node: SyntaxNode, objects: Table, state: SchemaState) =>
  conjuncts(node).some(
    (part) =>
      looksAtCaller(part, state) &&
      readPredicate(part, objects, state).columns.some(
        ({ name, depth, within }) => depth === 0 && within.length === 1 && name !== 'bucket_id',
      ),
  );

/** A policy with the file's path named by its table; null where a sub-select's alias hides it. */
export function uncapturedPolicy(policy: Policy, objects: Table, state: SchemaState): string | null {
  const clauses: { clause: string; condition: string }[] = [];
  for (const { clause, node, expression } of predicatesOf(policy)) {
    const captures = pathCapturesIn(node, objects, state);
    if (captures.length === 0) continue;
    const condition = rewritten(expression, captures);
    if (condition === null) return null;
    clauses.push({ clause, condition });
  }
  return clauses.length === 0 ? null : alterPolicy(policy, clauses, objects);
}

function rewritten({ text }: Expression, captures: readonly PathCapture[]): string | null {
  let next = text;
  for (const { taken, other } of captures) {
    if (taken.within.some((scope, depth) => depth > 0 && scope.some(({ alias }) => alias === 'objects')))
      return null;
    const alias = `(?:(?:"?[\\w$]+"?\\s*\\.\\s*)?"?${escapeRegExp(taken.source.alias)}"?\\s*\\.\\s*)?`;
    const name = `(?<![.\\w"])${alias}"?\\bname\\b"?(?!\\s*[.(])`;
    const pattern =
      other === null
        ? `(\\b(?:foldername|filename|extension|split_part|string_to_array|regexp_split_to_array|starts_with)"?\\s*\\(\\s*\\(?)${name}|${name}(?=\\)?(?:\\s*::\\s*text)?\\s*(?:i?like|~~)\\b)`
        : `(${alias}"?${escapeRegExp(other.name)}"?\\s*=\\s*)${name}|${name}(?=\\s*=\\s*${alias}"?${escapeRegExp(other.name)}\\b)`;
    const matches = new RegExp(pattern, 'gi');
    if (!matches.test(next)) {
      // The other captures of a clause are mended by the same pattern.
      if (!next.includes('objects.name')) return null;
      continue;
    }
    next = next.replace(matches, (_, before: string | undefined) => `${before ?? ''}objects.name`);
  }
  return next.trim();
}

/** Names the file's path by its table where the policy's statement stands. */
export function pathEdits({ source, statement }: Found, objects: Table, state: SchemaState): Edit[] {
  return ['qual', 'with_check'].flatMap((clause) =>
    pathCapturesIn(statement.node[clause] ?? null, objects, state).flatMap(({ taken }): Edit[] => {
      const start = source.offsetOfByte(taken.location);
      const written = /^(?:"?[\w$]+"?\s*\.\s*){0,2}"?name\b"?/i.exec(source.text.slice(start))?.[0];
      return written === undefined
        ? []
        : [replaceRange(source, start, start + written.length, 'objects.name')];
    }),
  );
}
