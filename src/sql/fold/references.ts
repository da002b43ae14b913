/**
 * What an expression or a query refers to: relations, columns by scope, functions, types. By this DROP … CASCADE finds
 * what goes with it, and RENAME what has to be written anew.
 */
import type { Expression, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { qualified, quoteIdent, strings } from '../names.ts';
import { escapeRegExp } from '../text.ts';
import type { Draft } from './draft.ts';

export interface Uses {
  readonly relations: readonly { readonly key: string; readonly node: SyntaxNode }[];
  readonly columns: readonly {
    readonly relation: string;
    readonly column: string;
    readonly node: SyntaxNode;
  }[];
  readonly functions: readonly {
    readonly schema: string | null;
    readonly name: string;
    readonly args: number;
    readonly node: SyntaxNode;
  }[];
  readonly types: readonly { readonly key: string; readonly node: SyntaxNode }[];
}

const namesByNode = new WeakMap<SyntaxNode, ReadonlySet<string>>();

/** Every identifier and string of a tree: what is not among them, the tree does not refer to. */
export function mentions(expression: Expression | null, name: string): boolean {
  const node = expression?.node;
  if (!node) return false;
  let names = namesByNode.get(node);
  if (names === undefined) {
    const found = new Set<string>();
    collectNames(node, found);
    namesByNode.set(node, found);
    names = found;
  }
  return names.has(name);
}

const namesByTable = new WeakMap<Table, ReadonlySet<string>>();

/** As `mentions`, of all expressions of a table. A table is never changed, only replaced: so the answer is kept. */
export function tableMentions(table: Table, name: string): boolean {
  let names = namesByTable.get(table);
  if (names === undefined) {
    const found = new Set<string>();
    const add = (expression: Expression | null) => {
      if (expression === null) return;
      mentions(expression, '');
      for (const each of (expression.node && namesByNode.get(expression.node)) ?? []) found.add(each);
    };
    for (const column of table.columns) {
      add(column.default);
      add(column.generated);
    }
    for (const check of table.checks) add(check.expression);
    for (const policy of table.policies) {
      add(policy.using);
      add(policy.check);
    }
    for (const index of table.indexes) {
      add(index.predicate);
      for (const expression of index.expressions) add(expression);
    }
    namesByTable.set(table, found);
    names = found;
  }
  return names.has(name);
}

function collectNames(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') {
    into.add(value);
    // 'public.t_id_seq'::regclass
    if (value.includes('.')) for (const part of value.split('.')) into.add(part.replaceAll('"', ''));
  } else if (Array.isArray(value)) for (const item of value) collectNames(item, into);
  else if (value !== null && typeof value === 'object') {
    for (const inner of Object.values(value)) collectNames(inner, into);
  }
}

/** Names of columns in an expression that has one table in sight: each once, in order. */
export function referencedColumns(node: SyntaxNode | null): string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (value !== null && typeof value === 'object') {
      const fields = (value as SyntaxNode).ColumnRef?.fields;
      const name = fields?.at(-1)?.String?.sval;
      if (name !== undefined && !found.includes(name)) found.push(name);
      for (const key in value) visit((value as SyntaxNode)[key]);
    }
  };
  visit(node);
  return found;
}

interface Entry {
  readonly alias: string;
  /** Key of the relation; null for a sub-select, a function, a common table expression. */
  readonly relation: string | null;
  readonly columns: readonly string[] | null;
}
type Scope = readonly Entry[];

/** `own`: the table whose columns the expression sees without any FROM. */
export function usesOf(draft: Draft, node: SyntaxNode | null, own: string | null): Uses {
  const uses = {
    relations: [] as { key: string; node: SyntaxNode }[],
    columns: [] as { relation: string; column: string; node: SyntaxNode }[],
    functions: [] as { schema: string | null; name: string; args: number; node: SyntaxNode }[],
    types: [] as { key: string; node: SyntaxNode }[],
  };

  const columnsOf = (key: string): readonly string[] | null => {
    const table = draft.get('table', key);
    if (table !== undefined) return table.columns.map((column) => column.name);
    return draft.get('view', key)?.columns ?? null;
  };

  const columnRef = (inside: SyntaxNode, scopes: readonly Scope[]) => {
    const fields: readonly SyntaxNode[] = inside.fields ?? [];
    const names = fields.map((field) => field.String?.sval as string | undefined);
    const column = names.at(-1);
    if (fields.length === 1) {
      if (column === undefined) {
        for (const entry of scopes[0] ?? []) all(entry, inside);
        return;
      }
      for (const scope of scopes) {
        const entry = scope.find((candidate) => candidate.columns?.includes(column));
        if (entry !== undefined) {
          if (entry.relation !== null) uses.columns.push({ relation: entry.relation, column, node: inside });
          return;
        }
      }
      return;
    }
    const alias = names.at(-2);
    const entry = scopes.flat().find((candidate) => candidate.alias === alias);
    if (entry === undefined) return;
    if (column === undefined) all(entry, inside);
    else if (entry.relation !== null) uses.columns.push({ relation: entry.relation, column, node: inside });
  };
  const all = (entry: Entry, node: SyntaxNode) => {
    if (entry.relation === null) return;
    for (const column of entry.columns ?? []) uses.columns.push({ relation: entry.relation, column, node });
  };

  const fromItem = (item: SyntaxNode, scopes: readonly Scope[], ctes: ReadonlySet<string>): Entry[] => {
    if (item.RangeVar !== undefined) {
      const range = item.RangeVar;
      const alias = range.alias?.aliasname ?? range.relname;
      if (range.schemaname === undefined && ctes.has(range.relname)) {
        return [{ alias, relation: null, columns: null }];
      }
      const key = draft.relation(range);
      uses.relations.push({ key, node: range });
      return [{ alias, relation: key, columns: columnsOf(key) }];
    }
    if (item.JoinExpr !== undefined) {
      const join = item.JoinExpr;
      const entries = [...fromItem(join.larg, scopes, ctes), ...fromItem(join.rarg, scopes, ctes)];
      for (const { String: name } of join.usingClause ?? []) {
        for (const entry of entries) {
          if (entry.relation !== null && entry.columns?.includes(name.sval)) {
            uses.columns.push({ relation: entry.relation, column: name.sval, node: join });
          }
        }
      }
      visit(join.quals, [entries, ...scopes], ctes);
      return entries;
    }
    const [kind] = Object.keys(item);
    const inside: SyntaxNode = item[kind!];
    visit(item, scopes, ctes);
    return [
      { alias: inside?.alias?.aliasname ?? '', relation: null, columns: strings(inside?.alias?.colnames) },
    ];
  };

  const visit = (value: unknown, scopes: readonly Scope[], ctes: ReadonlySet<string>): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item, scopes, ctes);
      return;
    }
    if (value === null || typeof value !== 'object') return;
    const node = value as SyntaxNode;
    if (node.ColumnRef !== undefined) {
      columnRef(node.ColumnRef, scopes);
      return;
    }
    if (node.SelectStmt !== undefined) {
      select(node.SelectStmt, scopes, ctes);
      return;
    }
    if (node.FuncCall !== undefined) {
      const call = node.FuncCall;
      uses.functions.push({ ...qualified(strings(call.funcname)), args: call.args?.length ?? 0, node: call });
    }
    if (node.TypeCast !== undefined) typeUse(node.TypeCast.typeName);
    if (node.TypeName !== undefined) typeUse(node.TypeName);
    const sequence = regclassLiteral(node);
    if (sequence !== null) uses.relations.push({ key: draft.relationNamed(sequence), node });
    for (const [key, inner] of Object.entries(node)) {
      if (typeof inner === 'object' && key !== 'typeName') visit(inner, scopes, ctes);
    }
  };
  const typeUse = (type: SyntaxNode | undefined) => {
    if (type === undefined) return;
    const { schema, name } = qualified(strings(type.names));
    uses.types.push({ key: draft.typeKey(schema, name), node: type });
  };

  const select = (statement: SyntaxNode, outer: readonly Scope[], outerCtes: ReadonlySet<string>): void => {
    let ctes = outerCtes;
    for (const { CommonTableExpr: cte } of statement.withClause?.ctes ?? []) {
      if (statement.withClause.recursive) ctes = new Set([...ctes, cte.ctename]);
      visit(cte.ctequery, outer, ctes);
      ctes = new Set([...ctes, cte.ctename]);
    }
    // The arms of UNION … are SelectStmt insides without their wrapping.
    if (statement.larg !== undefined) select(statement.larg, outer, ctes);
    if (statement.rarg !== undefined) select(statement.rarg, outer, ctes);
    const entries: Entry[] = [];
    // What is joined LATERAL sees what stands before it.
    for (const item of statement.fromClause ?? [])
      entries.push(...fromItem(item, [[...entries], ...outer], ctes));
    const scopes = [entries, ...outer];
    for (const [key, inner] of Object.entries(statement)) {
      if (key === 'fromClause' || key === 'withClause' || key === 'larg' || key === 'rarg') continue;
      visit(inner, scopes, ctes);
    }
  };

  const ownScope: Scope =
    own === null ? [] : [{ alias: nameIn(draft, own), relation: own, columns: columnsOf(own) }];
  visit(node, [ownScope], new Set());
  return uses;
}

function nameIn(draft: Draft, key: string): string {
  return draft.get('table', key)?.name ?? draft.get('view', key)?.name ?? '';
}

/** `'public.t_id_seq'::regclass`, as a default names its sequence. */
function regclassLiteral(node: SyntaxNode): string[] | null {
  const cast = node.TypeCast;
  if (cast !== undefined) {
    const isClass = strings(cast.typeName?.names).at(-1) === 'regclass';
    const text = cast.arg?.A_Const?.sval?.sval;
    return isClass && typeof text === 'string' ? nameParts(text) : null;
  }
  // nextval('t_id_seq'): the argument is cast where it stands.
  const call = node.FuncCall;
  if (call === undefined || strings(call.funcname).at(-1) !== 'nextval') return null;
  const text = call.args?.[0]?.A_Const?.sval?.sval;
  return typeof text === 'string' ? nameParts(text) : null;
}

/** The parts of a name as written in a string: `public."My table"`. */
export function nameParts(text: string): string[] {
  return (text.match(/"(?:[^"]|"")*"|[^."]+/g) ?? []).map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.trim().toLowerCase(),
  );
}

/** The expression with some of its nodes' insides replaced; its text with the old name replaced as a word. */
export function rewritten(
  expression: Expression,
  replacements: ReadonlyMap<SyntaxNode, SyntaxNode>,
  oldName: string,
  newName: string,
): Expression {
  if (replacements.size === 0 || expression.node === null) return expression;
  const escaped = escapeRegExp(oldName);
  const word = new RegExp(`"${escaped}"|(?<![\\w$"])${escaped}(?![\\w$"])`, 'g');
  return {
    text: expression.text.replace(word, () => quoteIdent(newName)),
    node: replaced(expression.node, replacements),
  };
}

function replaced(node: SyntaxNode, replacements: ReadonlyMap<SyntaxNode, SyntaxNode>): SyntaxNode {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      const items = value.map(visit);
      return items.some((item, at) => item !== value[at]) ? items : value;
    }
    if (value === null || typeof value !== 'object') return value;
    const replacement = replacements.get(value as SyntaxNode);
    if (replacement !== undefined) return replacement;
    let copy: Record<string, unknown> | null = null;
    for (const [key, inner] of Object.entries(value)) {
      const changed = visit(inner);
      if (changed === inner) continue;
      copy ??= { ...value };
      copy[key] = changed;
    }
    return copy ?? value;
  };
  return visit(node) as SyntaxNode;
}
