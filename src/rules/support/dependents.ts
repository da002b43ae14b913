/** What hangs on a table or a column and goes with it on CASCADE. */
import type { SchemaState } from '../../model/schema.ts';

export function dependentsOfTable(state: SchemaState, key: string): readonly string[] {
  return [
    ...[...state.tables.values()].flatMap((table) =>
      table.key === key
        ? []
        : table.foreignKeys
            .filter(({ references }) => references === key)
            .map(({ name }) => `${table.key}.${name}`),
    ),
    ...[...state.views.values()].filter(({ reads }) => reads.includes(key)).map((view) => view.key),
    ...[...state.tables.values()].filter(({ parent }) => parent === key).map((table) => table.key),
  ];
}

export function dependentsOfColumn(state: SchemaState, key: string, column: string): readonly string[] {
  const mentions = new RegExp(`(^|[^\\w$])${column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}($|[^\\w$])`, 'i');
  const table = state.tables.get(key);
  return [
    ...[...state.tables.values()].flatMap((other) =>
      other.foreignKeys
        .filter(
          ({ references, referencedColumns }) => references === key && referencedColumns.includes(column),
        )
        .map(({ name }) => `${other.key}.${name}`),
    ),
    ...[...state.views.values()]
      .filter(({ reads, definition }) => reads.includes(key) && mentions.test(definition.text))
      .map((view) => view.key),
    ...(table?.policies ?? [])
      .filter(({ using, check }) => mentions.test(`${using?.text ?? ''} ${check?.text ?? ''}`))
      .map(({ name }) => `policy "${name}"`),
  ];
}
