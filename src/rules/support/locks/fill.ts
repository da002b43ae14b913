/** A column that is filled by UPDATE, in batches: unlike ALTER TABLE, that fires triggers. */
import type { Trigger } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { quoteIdent } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';
import { listed } from '../statements/statements.ts';
import { bare, columnParts, conjuncts, operatorOf } from '../syntax/tree.ts';

/** The UPDATE as it stands in a way out: where it goes, and what its triggers make of it. */
export function filled(
  table: string,
  columns: readonly string[],
  update: readonly string[],
  context: FileContext,
): readonly string[] {
  const fired = firedBy(table, columns, context);
  const stamps = fired.filter((trigger) => isStamp(trigger, context)).map(({ name }) => name);
  const others = fired.map(({ name }) => name).filter((name) => !stamps.includes(name));
  const turn = (how: 'disable' | 'enable') =>
    stamps.map((name) => `alter table ${table} ${how} trigger ${quoteIdent(name)};`);
  return [
    '-- in a later file or a job, in batches',
    ...(others.length === 0
      ? []
      : [`-- it fires ${listed(others)}, which the ALTER TABLE would not: see that it may`]),
    ...(stamps.length === 0
      ? []
      : [
          `-- without ${listed(stamps)}, which would stamp each row as changed; other writes wait until the batch is through`,
        ]),
    ...turn('disable'),
    ...update,
    ...turn('enable'),
  ];
}

/** Triggers that an UPDATE of these columns fires. */
function firedBy(table: string, columns: readonly string[], context: FileContext): readonly Trigger[] {
  const known = context.set.after.tables.get(table) ?? context.set.before.tables.get(table);
  return (known?.triggers ?? []).filter(({ enabled, events, name, origin }) => {
    if (!enabled || !events.includes('update')) return false;
    const made = context.facts.sources
      .get(origin?.file ?? '')
      ?.statements.findLast(({ kind, node }) => kind === 'CreateTrigStmt' && node.trigname === name)?.node;
    const of: readonly string[] = (made?.columns ?? []).map(({ String: each }: SyntaxNode) => each?.sval);
    return (
      (of.length === 0 || of.some((column) => columns.includes(column))) &&
      !conjuncts(made?.whenClause).some((condition) => asksForChangeOfOthers(condition, columns))
    );
  });
}

/** `old.state is distinct from new.state`. */
function asksForChangeOfOthers(condition: SyntaxNode, columns: readonly string[]): boolean {
  const compared = bare(condition)?.A_Expr;
  const differ =
    compared?.kind === 'AEXPR_DISTINCT' || (compared?.kind === 'AEXPR_OP' && operatorOf(compared) === '<>');
  if (!differ) return false;
  const sides = [compared.lexpr, compared.rexpr]
    .map((side) => bare(side)?.ColumnRef)
    .map((ref) => (ref ? columnParts(ref) : []));
  const names = sides.map((parts) => parts.at(-1));
  return (
    sides
      .map(([row]) => row)
      .toSorted()
      .join() === 'new,old' &&
    names[0] !== undefined &&
    names[0] === names[1] &&
    !columns.includes(names[0])
  );
}

/** It writes the time of the change and does nothing else. */
function isStamp({ function: key, timing }: Trigger, { set }: FileContext): boolean {
  if (timing !== 'before') return false;
  if (/\.moddatetime$/.test(key)) return true;
  const routine = [...set.after.routines.values()].find(
    ({ schema, name, returns }) =>
      returns === 'trigger' && key === `${quoteIdent(schema)}.${quoteIdent(name)}`,
  );
  return stampOnly.test((routine?.body ?? '').replace(/--.*$/gm, ' '));
}

const time = String.raw`(?:(?:now|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(\s*\)|current_timestamp|timezone\s*\(\s*'utc'(?:::text)?\s*,\s*now\s*\(\s*\)\s*\))(?:\s+at\s+time\s+zone\s+'utc')?`;
const stampOnly = new RegExp(
  String.raw`^\s*begin\s+(?:new\."?\w+"?\s*:?=\s*\(?${time}\)?\s*;\s*)+return\s+new\s*;\s*end\s*;?\s*$`,
  'i',
);
