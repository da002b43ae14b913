/** What compares a column with text and stands when its type changes: Postgres builds it again, and has no such operator. */
import type { Expression, Origin, Table } from '../../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { quoteIdent } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';
import { nameIn } from '../policies/policies-moved.ts';
import { commandsOf, namesOf } from '../statements/statements.ts';
import { keyOfParts } from '../syntax/names.ts';
import { bare, columnParts, constantOf, isColumn, nodesOf, operatorOf } from '../syntax/tree.ts';
import type { TypeChange } from './type-change.ts';

export interface InTheWay {
  /** As a message calls it: `the constraint "note_state_check"`. */
  readonly label: string;
  readonly drop: string;
  /** What makes it again on the new type, or says what is to be made. */
  readonly made: string;
}

/** Checks, indexes, policies and views, in the order in which they are to be dropped. */
export function inTheWayOf(change: TypeChange, context: FileContext): readonly InTheWay[] {
  const { set, changed, source } = context;
  const state = set.migrations.length === 1 ? set.before : changed.step.before;
  const table = state.tables.get(change.table);
  if (table === undefined) return [];
  const isGone = goneAbove(change, context);
  const later = (set.migrations.length === 1 ? set.after : changed.step.after).tables.get(change.table);
  /** With what the file itself made above the change. */
  const standing = <T extends { readonly name: string; readonly origin: Origin }>(
    before: readonly T[],
    after: readonly T[] = [],
  ): readonly T[] => [
    ...before,
    ...after.filter(
      ({ name, origin }) =>
        origin?.file === source.path &&
        origin.line < change.statement.span.line &&
        before.every((other) => other.name !== name),
    ),
  ];
  const asks = (expression: Expression | null) =>
    expression !== null && nameIn(change.column).test(expression.text);
  const views = [...state.views.values()].filter(
    ({ key, reads, definition }) => reads.includes(table.key) && asks(definition) && !isGone(`view ${key}`),
  );
  const policies = standing(table.policies, later?.policies).filter(
    ({ name, using, check }) => (asks(using) || asks(check)) && !isGone(`policy ${name}`),
  );
  const checks = standing(table.checks, later?.checks).filter(
    ({ name, expression }) => asks(expression) && !isGone(`constraint ${name}`),
  );
  const indexes = standing(table.indexes, later?.indexes).filter(
    (index) =>
      !index.constraint &&
      (asks(index.predicate) || index.expressions.some(asks)) &&
      !isGone(`index ${keyOfParts([table.schema, index.name])}`),
  );
  const enumerated = labelsOf(change, context);
  const policyNamed = (name: string) => `${quoteIdent(name)} on ${table.key}`;
  return [
    ...views.map(({ key, kind }) => ({
      label: `the ${kind} "${key}"`,
      drop: `drop ${kind} ${key};`,
      made: `-- the ${kind} ${key} again, with its options and its grants`,
    })),
    ...policies.map(({ name, command, permissive, roles, using, check }) => {
      const clauses = Object.entries({ using, 'with check': check }).flatMap(([clause, asked]) =>
        asked === null
          ? []
          : [{ clause, text: asks(asked) ? onNewType(asked, change, enumerated, true) : asked.text }],
      );
      return {
        label: `the policy "${name}"`,
        drop: `drop policy ${policyNamed(name)};`,
        made: clauses.some(({ text }) => text === null)
          ? `-- the policy ${policyNamed(name)} again, for the new type`
          : `create policy ${policyNamed(name)}${permissive ? '' : ' as restrictive'} for ${command} to ${roles.map((role) => (role === 'public' ? role : quoteIdent(role))).join(', ')}${clauses.map(({ clause, text }) => ` ${clause} (${text})`).join('')};`,
      };
    }),
    ...checks.map(({ name, expression, validated }) => {
      const text = onNewType(expression, change, enumerated, true);
      return {
        label: `the constraint "${name}"`,
        drop: `alter table ${table.key} drop constraint ${quoteIdent(name)};`,
        made:
          text === null
            ? `-- the constraint ${quoteIdent(name)} again, for the new type`
            : `alter table ${table.key} add constraint ${quoteIdent(name)} check (${text})${validated ? '' : ' not valid'};`,
      };
    }),
    ...indexes.map((index) => ({
      label: `the index "${index.name}"`,
      drop: `drop index ${quoteIdent(table.schema)}.${quoteIdent(index.name)};`,
      made: indexAgain(table, index, change, enumerated),
    })),
  ];
}

function indexAgain(
  table: Table,
  { name, unique, method, columns, predicate, include, definition, expressions }: Table['indexes'][number],
  change: TypeChange,
  labels: readonly string[] | null,
): string {
  // Of an index Postgres takes no cast from an enum to text: that is not immutable.
  const text = predicate === null ? null : onNewType(predicate, change, labels, false);
  const isPlain =
    expressions.length === 0 && include.length === 0 && !/\b(desc|nulls|collate)\b|_ops\b/i.test(definition);
  return text === null || !isPlain
    ? `-- the index ${quoteIdent(name)} again, for the new type`
    : `create ${unique ? 'unique ' : ''}index ${quoteIdent(name)} on ${table.key} ${method === 'btree' ? '' : `using ${method} `}(${(columns as readonly string[]).map(quoteIdent).join(', ')}) where ${text};`;
}

/** Null where the new type is no enum. */
function labelsOf({ target }: TypeChange, { set }: FileContext): readonly string[] | null {
  const type = set.after.types.get(target) ?? set.before.types.get(target);
  return type?.kind === 'enum' ? type.values : null;
}

/** Literals take the type of what they are compared with; else the column is compared as text, where that is allowed. */
function onNewType(
  { text, node }: Expression,
  { column, before }: TypeChange,
  labels: readonly string[] | null,
  mayCast: boolean,
): string | null {
  if (node === null) return null;
  const plain = text
    .replace(/('(?:[^']|'')*')::(?:text|character varying|bpchar)(?![\w[])/gi, '$1')
    .replace(/ = ANY \(\(?ARRAY\[([^\]]*)\]\)?(?:::(?:text|character varying)\[\])?\)/gi, ' in ($1)')
    .replace(/ <> ALL \(\(?ARRAY\[([^\]]*)\]\)?(?:::(?:text|character varying)\[\])?\)/gi, ' not in ($1)')
    .replace(new RegExp(`\\(${nameIn(column).source}\\)::(?:text|character varying)(?![\\w[])`, 'g'), '$1')
    .replace(new RegExp(`${nameIn(column).source}::(?:text|character varying)(?![\\w[])`, 'g'), '$1');
  if (labels !== null && isComparedAlone(node, column, labels) && !/::|\bany\b|\ball\b/i.test(plain))
    return plain;
  // In a sub-select the name may be another table's column.
  if (!mayCast || !/^(text|character)/.test(before?.type ?? '') || /\bselect\b(?!\s+auth\.)/i.test(text))
    return null;
  return text.replace(nameIn(column, 'g'), (name) => `${name}::text`);
}

/** The column stands only beside labels of the enum, or IS NULL. */
function isComparedAlone(node: SyntaxNode, column: string, labels: readonly string[]): boolean {
  const isLabel = (each: SyntaxNode) => {
    const value = constantOf(each);
    return value === null || (typeof value === 'string' && labels.includes(value));
  };
  const others = (each: SyntaxNode | null | undefined): readonly SyntaxNode[] => {
    const inside = bare(each);
    return inside?.List?.items ?? inside?.A_ArrayExpr?.elements ?? (inside === null ? [] : [inside]);
  };
  const all = nodesOf(node, 'ColumnRef').filter((ref) => columnParts(ref).at(-1) === column).length;
  const compared = nodesOf(node, 'A_Expr').filter(
    (each) =>
      /^(=|<>)$/.test(operatorOf(each)) &&
      isColumn(each.lexpr, column) &&
      (Array.isArray(each.rexpr) ? each.rexpr : others(each.rexpr)).every(isLabel),
  ).length;
  const asked = nodesOf(node, 'NullTest').filter(({ arg }) => isColumn(arg, column)).length;
  return all > 0 && compared + asked === all;
}

/** What statements above drop, and the change's own ALTER TABLE, which drops first. */
function goneAbove(
  { statement: own, table }: TypeChange,
  { statements, keyOf }: FileContext,
): (name: string) => boolean {
  const gone = new Set<string>();
  for (const { kind, node, start } of statements) {
    if (start > own.start) continue;
    if (kind === 'AlterTableStmt' && keyOf(node.relation) === table)
      for (const { subtype, name } of commandsOf(node))
        if (subtype === 'AT_DropConstraint') gone.add(`constraint ${name}`);
    if (kind === 'DropStmt')
      for (const object of node.objects ?? []) {
        const parts = namesOf(object);
        if (node.removeType === 'OBJECT_POLICY' && keyOfParts(parts.slice(0, -1)) === table)
          gone.add(`policy ${parts.at(-1)}`);
        if (/^OBJECT_(MAT)?VIEW$/.test(node.removeType)) gone.add(`view ${keyOfParts(parts)}`);
        if (node.removeType === 'OBJECT_INDEX') gone.add(`index ${keyOfParts(parts)}`);
      }
  }
  return (name) => gone.has(name);
}

/** The default that the file gives the column with the change or behind it. */
export function defaultOfFile(
  { statement: own, table, column }: TypeChange,
  { statements, keyOf, set, changed }: FileContext,
): string | null {
  const sets = ({ kind, node, start }: Statement) =>
    start >= own.start &&
    kind === 'AlterTableStmt' &&
    keyOf(node.relation) === table &&
    commandsOf(node).some(
      ({ subtype, name, def }) => subtype === 'AT_ColumnDefault' && name === column && def !== undefined,
    );
  if (!statements.some(sets)) return null;
  const state = set.migrations.length === 1 ? set.after : changed.step.after;
  const now = state.tables.get(table)?.columns.find(({ name }) => name === column);
  return now?.default?.text ?? null;
}
