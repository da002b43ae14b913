import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { type FileContext, rule, type Told } from '../rule.ts';
import { canBeComputedAgain, readsItself } from '../support/locks/computed-again.ts';
import { isTidiedUp } from '../support/locks/tidied-up.ts';
import { commandsOf, reportLock, tokensIn } from '../support/statements/statements.ts';
import { bare, functionName, isColumn, operatorOf, someNode } from '../support/syntax/tree.ts';
import { isShortList } from '../support/tables/short-lists.ts';
import { isSaidToHoldNothing } from '../support/words/said.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'safety/update-all',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'UPDATE without WHERE on a table that exists',
  why: 'Every row is written anew and locked until the whole file is through, and the old values are gone, unless the column keeps what it has (`coalesce(kind, …)`) or is but written in one way (`lower(email)`, `trim(code)`). Columns that this change adds are left alone: they hold nothing that could be lost.',
  remedy: "Say which rows.\n\n```sql\nupdate public.note set kind = 'text' where kind is null;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-update.html'],
  fixable: false,
  statement: {
    UpdateStmt(node, statement, context) {
      if (node.whereClause !== undefined || node.fromClause !== undefined) return;
      const key = context.keyOf(node.relation);
      if (context.isNew('table', key) || context.isEmpty(key, statement)) return;
      const before = context.set.before.tables.get(key);
      const added = columnsAdded(key, context);
      const targets: SyntaxNode[] = (node.targetList ?? [])
        .map((target: SyntaxNode) => target.ResTarget ?? {})
        .filter(({ name }: SyntaxNode) =>
          before === undefined ? !added.has(name) : before.columns.some((column) => column.name === name),
        );
      if (targets.length === 0 || isOnlyTidied(targets)) return;
      const told =
        touchesAlone(key, targets, statement, context) ??
        overwrites(node.relation, targets, statement, context);
      reportLock(context, statement, { at: context.placeOf(statement), object: key, ...told });
    },
  },
});

/** Nothing is meant but what a trigger does. */
function touchesAlone(
  key: string,
  targets: readonly SyntaxNode[],
  statement: Statement,
  context: FileContext,
): Told | null {
  if (!targets.every(isUnchanged)) return null;
  return {
    message: `This writes every row of "${key}" anew with what it holds, as its triggers may need. Every row stays locked until the file is through. Do it in batches where the table is big.`,
    key: targets.map(({ name }): string => name).join(' '),
    severity: 'info',
    help: inBatches(statement, context),
  };
}

function overwrites(
  relation: SyntaxNode,
  targets: readonly SyntaxNode[],
  statement: Statement,
  context: FileContext,
): Told {
  const key = context.keyOf(relation);
  const overwritten = targets.filter((target) => !keepsValue(target));
  const those = overwritten.length === 0 ? targets : overwritten;
  const old: string[] = those.map(({ name }) => name);
  const counted = overwritten.length > 0 && canBeComputedAgain(overwritten, relation, context, isOfTheMoment);
  // A list that migrations write is theirs to write anew; what is counted can be counted again.
  const isNote =
    counted ||
    isWrittenBelow(key, old, statement, context) ||
    isCopiedAbove(key, statement, context) ||
    isShortList(key, context.set.before, context.facts) ||
    isSaidToHoldNothing(statement, context);
  const rest = {
    key: old.join(' '),
    ...(isNote ? { severity: 'info' as const } : {}),
    repro: `select count(*) from ${key};`,
  };
  const columns = `"${old.join('", "')}"`;
  const changed = sqlFence(
    `${context.textOf(statement)}\nwhere ${whatChanges(targets, statement, context)}; -- only what changes; name the rows where not all are meant`,
  );
  if (overwritten.length === 0)
    return {
      ...rest,
      message: `This writes every row of "${key}" anew, also those whose ${columns} stays as it is. Every row stays locked until the file is through. Say which rows need it.`,
      help: changed,
    };
  if (overwritten.every((target) => readsItself(target, relation)))
    return {
      ...rest,
      message: `This computes ${columns} in every row of "${key}" from what it holds. The old values are gone,${overwritten.some(grows) ? ' a second run would do it again,' : ''} and every row stays locked until the file is through. Keep the old values first.`,
      help: 'Copy the key and the old values into a table of a schema that the Data API does not show, before they change.',
    };
  if (counted || overwritten.every((target) => isComputed(target, context)))
    return {
      ...rest,
      message: `This computes ${columns} anew in every row of "${key}". Every row stays locked until the file is through. Do it in batches, behind the migration.`,
      help: inBatches(statement, context),
    };
  return {
    ...rest,
    message: `This overwrites ${columns} in every row of "${key}". The old values are gone, and every row stays locked until the file is through. Say which rows.`,
    help: changed,
  };
}

const inBatches = (statement: Statement, context: FileContext) =>
  sqlFence(`-- in batches, by the key\n${context.textOf(statement)}\nwhere …;`);

/** With the time of the change beside it, as it may be. */
const isOnlyTidied = (targets: readonly SyntaxNode[]) =>
  targets.some(isTidiedUp) && targets.every((target) => isTidiedUp(target) || isOfTheMoment(target.val));

/** `c = c`: nothing is meant but what a trigger does. */
const isUnchanged = ({ name, val }: SyntaxNode) => isColumn(val, name);

/** `coalesce(c, …)`, `coalesce(nullif(c, ''), …)`, `c`, `case … else c end`: rows that need no new value keep theirs. */
function keepsValue({ name, val }: SyntaxNode): boolean {
  const isItself = (node: SyntaxNode | undefined) => isColumn(node, name);
  const value = bare(val);
  const first = value?.CoalesceExpr?.args?.[0];
  return (
    isItself(val) || isItself(first) || isItself(unlessBlank(first)) || isItself(value?.CaseExpr?.defresult)
  );
}

/** `c * 2`, `c || 'x'`: run twice, it is another value than run once. */
const grows = ({ name, val }: SyntaxNode) =>
  someNode(
    val,
    (kind, node) =>
      kind === 'A_Expr' &&
      /^([-+*/%^]|\|\|)$/.test(operatorOf(node)) &&
      [node.lexpr, node.rexpr].some((side) => isColumn(side, name)),
  );

/** What `nullif(…, '')` keeps wherever it holds something. */
function unlessBlank(node: SyntaxNode | undefined): SyntaxNode | undefined {
  const compared = bare(node)?.A_Expr;
  const blank = bare(compared?.rexpr)?.A_Const?.sval;
  return compared?.kind === 'AEXPR_NULLIF' && blank !== undefined && (blank.sval ?? '') === ''
    ? compared.lexpr
    : undefined;
}

/**
 * `(a, b) is distinct from (x, y)`: rows that hold the new values already are left alone. The time of the change is no
 * reason for one: it is always another.
 */
function whatChanges(all: readonly SyntaxNode[], statement: Statement, context: FileContext): string {
  const lasting = all.filter(({ val }) => !isOfTheMoment(val));
  const targets = lasting.length === 0 ? all : lasting;
  const values = targets.map((target) => assignedValue(target, statement, context));
  if (values.includes(null)) return `${quoteIdent(targets[0]!.name)} is distinct from …`;
  if (targets.length === 1) {
    const isNull = bare(targets[0]!.val)?.A_Const?.isnull === true;
    return `${quoteIdent(targets[0]!.name)} ${isNull ? 'is not null' : `is distinct from (${values[0]})`}`;
  }
  return `(${targets.map(({ name }) => quoteIdent(name)).join(', ')}) is distinct from (${values.join(', ')})`;
}

const isOfTheMoment = (value: SyntaxNode) =>
  someNode(
    [value],
    (kind, node) =>
      kind === 'SQLValueFunction' ||
      (kind === 'FuncCall' &&
        /^(now|clock_timestamp|statement_timestamp|transaction_timestamp|random|gen_random_uuid|timezone)$/.test(
          functionName(node).name,
        )),
  );

/** What stands behind `column =`, as it is written. */
function assignedValue(
  { name, val, location }: SyntaxNode,
  statement: Statement,
  context: FileContext,
): string | null {
  if (val?.MultiAssignRef !== undefined || val?.SetToDefault !== undefined) return null;
  const tokens = tokensIn(context, statement);
  const start = context.source.offsetOfByte(location ?? 0);
  const at = tokens.findIndex((token) => token.start >= start);
  const equals = tokens.findIndex((token, index) => index > at && token.text === '=');
  if (at === -1 || equals === -1 || equals > at + 2) return null;
  const { depth } = tokens[at]!;
  const end = tokens.findIndex(
    (token, index) =>
      index > equals &&
      token.depth === depth &&
      (token.text === ',' || (token.kind === 'word' && token.text === 'returning')),
  );
  const last = tokens[end === -1 ? tokens.length - 1 : end - 1]!;
  return name === undefined ? null : context.source.text.slice(tokens[equals + 1]!.start, last.end);
}

/** By a function that this change makes or rewrites: that the values change is what it is for. */
function isComputed({ val }: SyntaxNode, { set }: FileContext): boolean {
  const names = new Set(
    [...set.after.routines.values()]
      .filter(({ key, body }) => set.before.routines.get(key)?.body !== body)
      .map(({ name }) => name),
  );
  return someNode([val], (kind, node) => kind === 'FuncCall' && names.has(functionName(node).name));
}

/** The next step of the same file fills them: this one only makes room. */
const isWrittenBelow = (
  table: string,
  columns: readonly string[],
  { start }: Statement,
  { statements, keyOf }: FileContext,
) =>
  statements.some(
    ({ kind, node, start: at }) =>
      kind === 'UpdateStmt' &&
      at > start &&
      keyOf(node.relation) === table &&
      columns.every((name) =>
        (node.targetList ?? []).some(({ ResTarget }: SyntaxNode) => ResTarget?.name === name),
      ),
  );

/** Columns that this file adds, where the table had another name before the change. */
function columnsAdded(key: string, context: FileContext): ReadonlySet<string> {
  const added = new Set<string>();
  for (const { kind, node } of context.statements) {
    if (kind !== 'AlterTableStmt' || context.keyOf(node.relation) !== key) continue;
    for (const { subtype, def } of commandsOf(node)) {
      if (subtype === 'AT_AddColumn') added.add(def?.ColumnDef?.colname);
    }
  }
  return added;
}

/** The old values were copied into another table above. */
const isCopiedAbove = (table: string, { start }: Statement, { statements, keyOf }: FileContext) =>
  statements.some(
    ({ kind, node, start: at }) =>
      at < start &&
      /^(CreateTableAs|Insert)Stmt$/.test(kind) &&
      ((node.query ?? node.selectStmt)?.SelectStmt?.fromClause ?? []).some(
        ({ RangeVar }: SyntaxNode) => RangeVar !== undefined && keyOf(RangeVar) === table,
      ) &&
      keyOf(node.relation ?? node.into?.rel) !== table,
  );
