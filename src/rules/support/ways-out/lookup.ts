/** A policy's sub-select as a function that reads without policies: the same rows for the same caller. */
import type { Facts } from '../../../model/facts.ts';
import type { Column, Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { apiRolesOf } from '../callers/roles.ts';
import { predicatesOf } from '../conditions/predicates.ts';
import { keyOfRangeVar } from '../syntax/names.ts';
import {
  bare,
  columnParts,
  conjuncts,
  constantOf,
  functionName,
  nodesOf,
  operatorOf,
  scalarSelect,
} from '../syntax/tree.ts';
import { type Asking, nameOffered } from './function-names.ts';

/**
 * The function, and the policy that asks it instead; null where the policy asks more than the sub-select, or that
 * is not plainly "the keys of the rows that such and such holds for": more than one table, more than one tie to the row,
 * names found by the search path.
 */
export function asFunction(
  policy: Policy,
  table: Table,
  read: Table,
  state: SchemaState,
  facts: Facts,
): Asking | null {
  const predicates = predicatesOf(policy);
  const found = predicates.flatMap(({ node }) => subSelects(node, table, read));
  const texts = new Set(found.map((each) => JSON.stringify(each, withoutPlace)));
  const [only] = found;
  if (only === undefined || texts.size !== 1 || only === null) return null;
  const roles = apiRolesOf(policy).join(', ');
  const where = `from ${read.key} where ${only.conditions.map(({ sql }) => sql).join(' and ')}`;
  const { wanted, returns, body, using } =
    only.tie === null ? asked(only, read, where) : keys(only.tie, only, read, where);
  const name = `private.${nameOffered(wanted, body, state, facts)}`;
  const use = using(`select ${name}()`);
  const clauses = predicates.map((predicate) => {
    const text = isOneSubSelect(predicate.node) ? use : withoutExists(predicate.expression.text, use);
    return text && `${predicate.clause === 'USING' ? 'using' : 'with check'} (${text})`;
  });
  if (clauses.includes(null)) return null;
  return {
    functions: [
      `create or replace function ${name}() returns ${returns}
language sql stable security definer set search_path = ''
as $$ ${body} $$;`,
      `revoke execute on function ${name}() from public;`,
      `grant execute on function ${name}() to ${roles};`,
    ],
    policy: `alter policy ${quoteIdent(policy.name)} on ${table.key}
  ${clauses.join('\n  ')};`,
  };
}

/** A condition that is a look into another table and nothing else. */
const isOneSubSelect = (node: SyntaxNode) => {
  const inner = bare(node);
  return (
    inner?.SubLink !== undefined ||
    [inner?.A_Expr?.lexpr, inner?.A_Expr?.rexpr].some((side) => side?.SubLink !== undefined)
  );
};

interface Made {
  readonly wanted: string;
  readonly returns: string;
  readonly body: string;
  using(call: string): string;
}

/** The keys of the rows that are the caller's: `private.my_club_ids()`, `private.my_club_ids_as_coach()`. */
function keys({ key, tied }: Tie, lookup: Lookup, read: Table, where: string): Made {
  const words = plainWords(lookup);
  return {
    wanted: `my_${key.name === 'id' ? `${read.name.replace(/s$/, '')}_id` : key.name}s${words === null ? '' : `_as_${words}`}`,
    returns: `setof ${key.type}`,
    body: `select ${quoteIdent(key.name)} ${where}`,
    using: (call) => `${quoteIdent(tied)} in (${call})`,
  };
}

/** Whether there is such a row, whatever row the policy is asked about: `private.is_head_or_coach()`. */
const asked = (lookup: Lookup, read: Table, where: string): Made => ({
  wanted: `is_${plainWords(lookup) ?? `in_${read.name}`}`,
  returns: 'boolean',
  body: `select exists (select 1 ${where})`,
  using: (call) => `(${call})`,
});

/** `head_or_coach`; null where it asks for none, or for what makes no name. */
function plainWords({ conditions }: Lookup): string | null {
  const words = conditions.flatMap(({ values }) => values);
  const isPlain = words.length > 0 && words.length < 4 && words.every((word) => /^[a-z]\w*$/i.test(word));
  return isPlain ? words.join('_or_').toLowerCase() : null;
}

/** The condition with `use` in place of its one EXISTS; null where it has none or more, or other sub-selects that read. */
function withoutExists(text: string, use: string): string | null {
  const starts = [...text.matchAll(/\bexists\s*\(\s*select\b/gi)];
  const [start] = starts;
  if (start === undefined || starts.length > 1) return null;
  let depth = 0;
  for (const { 0: part, index } of text.slice(start.index).matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]/g)) {
    if (part === '(') depth += 1;
    if (part !== ')' || --depth > 0) continue;
    const rest = [text.slice(0, start.index), text.slice(start.index + index + 1)];
    return rest.some((each) => /\bfrom\b/i.test(each)) ? null : rest.join(use);
  }
  return null;
}

interface Tie {
  /** Column of the table that is read, and of the policy's table. */
  readonly key: Column;
  readonly tied: string;
}

interface Lookup {
  /** Null where it asks whether there is any such row. */
  readonly tie: Tie | null;
  /** What else is asked of the rows that are read. */
  readonly conditions: readonly Condition[];
}

interface Condition {
  readonly sql: string;
  /** Words that a column is compared with: names of roles. */
  readonly values: readonly string[];
}

const plainTypes = /^(uuid|text|integer|bigint|smallint|character varying)$/;

const withoutPlace = (key: string, value: unknown) => (/location$/.test(key) ? undefined : value);

/** The condition's own looks into that table; null for one of another make. */
function subSelects(node: SyntaxNode, table: Table, read: Table): (Lookup | null)[] {
  const scalars = nodesOf(node, 'A_Expr').filter((each) => operatorOf(each) === '=');
  return nodesOf(node, 'SubLink').flatMap((link) => {
    const select: SyntaxNode = link.subselect?.SelectStmt ?? {};
    const from = nodesOf(select, 'RangeVar').map(keyOfRangeVar);
    if (!from.includes(read.key)) return [];
    const scalar = scalars.find((each) => [each.lexpr, each.rexpr].some((side) => side?.SubLink === link));
    const compared = scalar?.lexpr?.SubLink === link ? scalar?.rexpr : (scalar?.lexpr ?? link.testexpr);
    return [keysOf(link, select, compared, table, read)];
  });
}

function keysOf(
  link: SyntaxNode,
  select: SyntaxNode,
  compared: SyntaxNode | undefined,
  table: Table,
  read: Table,
): Lookup | null {
  const plain = [
    'fromClause',
    'targetList',
    'whereClause',
    'limitOption',
    'op',
    'groupDistinct',
    'limitCount',
  ];
  const range: SyntaxNode | undefined = select.fromClause?.[0]?.RangeVar;
  if (select.fromClause?.length !== 1 || range === undefined || select.whereClause === undefined) return null;
  if (Object.keys(select).some((part) => !plain.includes(part))) return null;
  if (!/^(EXISTS|EXPR|ANY)_SUBLINK$/.test(link.subLinkType) || link.operName !== undefined) return null;
  if (select.limitCount !== undefined && link.subLinkType !== 'EXISTS_SUBLINK') return null;
  const alias: string = range.alias?.aliasname ?? range.relname;
  const sideOf = (ref: SyntaxNode): { of: 'row' | 'read'; name: string } | null => {
    const parts = columnParts(ref);
    const [name, qualifier] = [parts.at(-1)!, parts.at(-2)];
    const has = ({ columns }: Table) => columns.some((column) => column.name === name);
    if (qualifier === undefined)
      return has(read) ? { of: 'read', name } : has(table) ? { of: 'row', name } : null;
    if (qualifier === alias) return has(read) ? { of: 'read', name } : null;
    return qualifier === table.name && has(table) ? { of: 'row', name } : null;
  };
  const columnOf = (side: SyntaxNode | null | undefined) => {
    const ref = bare(side)?.ColumnRef;
    return ref === undefined ? null : sideOf(ref);
  };
  const conditions: Condition[] = [];
  const ties: { key: string; tied: string }[] = [];
  for (const part of conjuncts(select.whereClause)) {
    const refs = nodesOf(part, 'ColumnRef').map(sideOf);
    if (refs.some((side) => side === null)) return null;
    if (refs.every((side) => side?.of === 'read')) {
      const written = asSql(part);
      if (written === null) return null;
      conditions.push({ sql: written, values: wordsOf(part) });
      continue;
    }
    const expression = part.A_Expr;
    const sides = [columnOf(expression?.lexpr), columnOf(expression?.rexpr)];
    const [inner, outer] = [
      sides.find((side) => side?.of === 'read'),
      sides.find((side) => side?.of === 'row'),
    ];
    if (expression === undefined || operatorOf(expression) !== '=' || !inner || !outer) return null;
    ties.push({ key: inner.name, tied: outer.name });
  }
  if (link.subLinkType !== 'EXISTS_SUBLINK') {
    const target = columnOf(select.targetList?.[0]?.ResTarget?.val);
    // Outside of the sub-select a bare name is the row's.
    const ref = bare(compared)?.ColumnRef;
    const tied = ref === undefined ? undefined : columnParts(ref).at(-1);
    if (select.targetList?.length !== 1 || target?.of !== 'read' || tied === undefined) return null;
    ties.push({ key: target.name, tied });
  }
  if (conditions.length === 0) return null;
  const [tie] = ties;
  if (tie === undefined) return { tie: null, conditions };
  const key = read.columns.find(({ name }) => name === tie.key);
  if (ties.length !== 1 || key === undefined || !plainTypes.test(key.type)) return null;
  return { tie: { key, tied: tie.tied }, conditions };
}

/** The plain conditions of such sub-selects: a column beside the caller's id or constants. Null for any other. */
function asSql(part: SyntaxNode): string | null {
  const own = columnSql(part);
  if (own !== null) return own;
  const test = part.NullTest;
  if (test !== undefined) {
    const column = columnSql(test.arg);
    return column === null ? null : `${column} is ${test.nulltesttype === 'IS_NULL' ? 'null' : 'not null'}`;
  }
  const asked = part.A_Expr;
  if (asked === undefined) return null;
  if (asked.kind === 'AEXPR_IN') {
    const column = columnSql(asked.lexpr);
    const values = (asked.rexpr?.List?.items ?? []).map(constantSql);
    const not = operatorOf(asked) === '<>' ? 'not ' : '';
    return column === null || values.includes(null) ? null : `${column} ${not}in (${values.join(', ')})`;
  }
  // Two columns of one row: as a rule, one of them was to be the policy's row.
  if (columnSql(asked.lexpr) !== null && columnSql(asked.rexpr) !== null) return null;
  if (asked.kind !== 'AEXPR_OP' || !/^(=|<>)$/.test(operatorOf(asked))) return null;
  const [left, right] = [asked.lexpr, asked.rexpr].map(
    (side) => columnSql(side) ?? callerSql(side) ?? constantSql(side),
  );
  return left === null || right === null ? null : `${left} ${operatorOf(asked)} ${right}`;
}

function columnSql(node: SyntaxNode | null | undefined): string | null {
  const name = node?.ColumnRef === undefined ? undefined : columnParts(node.ColumnRef).at(-1);
  return name === undefined ? null : quoteIdent(name);
}

/** `auth.uid()`, in a sub-select or not. */
function callerSql(node: SyntaxNode | null | undefined): string | null {
  const call = (node?.SubLink === undefined ? node : scalarSelect(node))?.FuncCall;
  if (call === undefined) return null;
  const { schema, name } = functionName(call);
  return schema === 'auth' && name === 'uid' ? '(select auth.uid())' : null;
}

/** A constant takes the type of the column beside it: a cast to a type of the project's is not needed. */
function constantSql(node: SyntaxNode | null | undefined): string | null {
  const value = constantOf(node ?? null);
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
}

const wordsOf = (part: SyntaxNode): string[] => {
  const { kind, lexpr, rexpr } = part.A_Expr ?? {};
  if (operatorOf(part.A_Expr ?? {}) !== '=') return [];
  const sides: SyntaxNode[] = kind === 'AEXPR_IN' ? (rexpr?.List?.items ?? []) : [lexpr, rexpr];
  return sides.map((side) => constantOf(side ?? null)).filter((value) => typeof value === 'string');
};
