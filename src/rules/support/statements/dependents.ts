/** What hangs on a table or a column and goes with it on CASCADE. */
import type { SchemaState } from '../../../model/schema.ts';
import { keyOf, quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import type { FileContext } from '../../rule.ts';
import { keyOfParts, keyOfRangeVar } from '../syntax/names.ts';
import { commandsOf, namesOf } from './statements.ts';

/** What CASCADE takes along without a word: neither dropped by name in this change nor there again at its end. */
export function silentlyLost(dependents: readonly Dependent[], { set }: FileContext): readonly Dependent[] {
  const named = new Set<string>();
  // Columns that the change drops by name take their keys along, and that is no news.
  const columns = new Set<string>();
  for (const { kind, node } of set.migrations.flatMap(({ source }) => source.statements)) {
    if (kind === 'DropStmt') for (const object of node.objects ?? []) named.add(keyOfParts(namesOf(object)));
    if (kind === 'AlterTableStmt')
      for (const { subtype, name } of commandsOf(node)) {
        if (subtype === 'AT_DropColumn') columns.add(`${keyOfRangeVar(node.relation)} ${name}`);
        if (subtype === 'AT_DropConstraint') named.add(`${keyOfRangeVar(node.relation)}.${name}`);
      }
  }
  return dependents.filter(
    ({ label, owner, by, isThere }) =>
      !named.has(owner) &&
      !named.has(label) &&
      !(by ?? []).some((column) => columns.has(`${owner} ${column}`)) &&
      !isThere(set.after),
  );
}

export interface Dependent {
  readonly label: string;
  /** Key of the table or view it is, or belongs to. */
  readonly owner: string;
  /** Columns of the owner that it stands on, where it is a key. */
  readonly by?: readonly string[];
  /** The statement that drops it by name. */
  readonly drop: string;
  isThere(state: SchemaState): boolean;
}

const foreignKeysTo = (state: SchemaState, key: string, column: string | null): Dependent[] =>
  [...state.tables.values()].flatMap((table) =>
    table.key === key
      ? []
      : table.foreignKeys
          .filter(
            ({ references, referencedColumns }) =>
              references === key && (column === null || referencedColumns.includes(column)),
          )
          .map(({ name, columns }) => ({
            label: `${table.key}.${name}`,
            owner: table.key,
            by: columns,
            drop: `alter table ${table.key} drop constraint ${quoteIdent(name)};`,
            isThere: (later) =>
              later.tables
                .get(table.key)
                ?.foreignKeys.some((other) => other.columns.join() === columns.join()) === true,
          })),
  );

const viewsOf = (state: SchemaState, key: string, mentions: RegExp | null): Dependent[] =>
  [...state.views.values()]
    .filter(({ reads, definition }) => reads.includes(key) && (mentions?.test(definition.text) ?? true))
    .map((view) => ({
      label: view.key,
      owner: view.key,
      drop: `drop ${view.kind} ${view.key};`,
      isThere: (later) => later.views.has(view.key),
    }));

export function dependentsOfTable(state: SchemaState, key: string): readonly Dependent[] {
  const children = [...state.tables.values()]
    .filter(({ parent }) => parent === key)
    .map((table) => ({
      label: table.key,
      owner: table.key,
      drop: `drop table ${table.key};`,
      isThere: (later: SchemaState) => later.tables.has(table.key),
    }));
  return [...foreignKeysTo(state, key, null), ...viewsOf(state, key, null), ...children];
}

export function dependentsOfColumn(state: SchemaState, key: string, column: string): readonly Dependent[] {
  const escaped = escapeRegExp(column);
  const mentions = new RegExp(`(^|[^\\w$])${escaped}($|[^\\w$])`, 'i');
  const table = state.tables.get(key);
  const policies = (table?.policies ?? [])
    .filter(({ using, check }) => mentions.test(`${using?.text ?? ''} ${check?.text ?? ''}`))
    .map(({ name }) => ({
      label: `policy ${name}`,
      owner: keyOf(table!.name, name),
      drop: `drop policy ${quoteIdent(name)} on ${key};`,
      isThere: (later: SchemaState) =>
        later.tables.get(key)?.policies.some((policy) => policy.name === name) === true,
    }));
  return [...foreignKeysTo(state, key, column), ...viewsOf(state, key, mentions), ...policies];
}
