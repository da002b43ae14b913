/** What a table takes from another: INHERITS, PARTITION OF, ATTACH PARTITION, LIKE. */
import type { Column, Index, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { createOwnedSequence } from './columns.ts';
import { putCheck, putForeignKey } from './constraints.ts';
import type { Draft } from './draft.ts';
import { chooseRelationName, joinColumns } from './generated-names.ts';
import { columnNamesOf, putConstraint } from './indexes.ts';
import type { Site } from './site.ts';
import { isKnownByName } from './table-access.ts';

/** A column takes the place of an inherited one of its name. */
export function putColumn(
  draft: Draft,
  key: string,
  column: Column,
  site: Site,
  definition?: SyntaxNode,
): void {
  draft.update('table', key, (table) => {
    const at = table.columns.findIndex((other) => other.name === column.name);
    const inherited = table.columns[at];
    if (inherited === undefined) return { ...table, columns: [...table.columns, column] };
    // PARTITION OF and OF lists columns without a type, to add defaults and constraints.
    const merged = {
      ...column,
      type: definition?.typeName === undefined ? inherited.type : column.type,
      notNull: column.notNull || inherited.notNull,
      default: column.default ?? inherited.default,
      generated: column.generated ?? inherited.generated,
    };
    return { ...table, columns: table.columns.with(at, merged) };
  });
  if (definition?.typeName !== undefined && !draft.knowsType(definition.typeName)) {
    draft.unknown(
      site.origin,
      `type ${column.type} is not made by any migration`,
      { kind: 'table', key },
      'columns',
    );
  }
}

export function inheritColumns(draft: Draft, key: string, parent: string, site: Site): void {
  const from = draft.get('table', parent);
  if (from === undefined || isKnownByName(from)) {
    draft.unknown(
      site.origin,
      `columns of ${parent}, which no migration creates`,
      { kind: 'table', key },
      'columns',
    );
  }
  for (const column of from?.columns ?? []) {
    putColumn(draft, key, { ...column, sequence: null, identity: null, comment: null }, site);
  }
}

/** Checks always; to a partition keys, indexes, foreign keys and row triggers as well. */
export function inheritRest(draft: Draft, key: string, parent: string, partition: boolean): void {
  const from = draft.get('table', parent);
  if (from === undefined) return;
  // The child has no rows yet that could break them.
  for (const check of from.checks) putCheck(draft, draft.get('table', key)!, { ...check, validated: true });
  if (partition) {
    for (const column of from.columns) {
      if (column.identity === null) continue;
      draft.update('table', key, (table) => ({
        ...table,
        columns: table.columns.map((own) =>
          own.name === column.name ? { ...own, identity: column.identity } : own,
        ),
      }));
    }
    clonePartitionParts(draft, key, from);
  }
}

/** The endings of the names that Postgres makes up. */
const labels = { primary: 'pkey', unique: 'key', exclusion: 'excl' } as const;

function constraintOn({ name }: Index, table: Table): keyof typeof labels | null {
  if (table.primaryKey?.name === name) return 'primary';
  if (table.uniques.some((unique) => unique.name === name)) return 'unique';
  return table.exclusions.some((exclusion) => exclusion.name === name) ? 'exclusion' : null;
}

export function clonePartitionParts(draft: Draft, key: string, parent: Table): void {
  const current = () => draft.get('table', key)!;
  const taken = new Set<string>();
  for (const index of parent.indexes) {
    const kind = constraintOn(index, parent);
    const table = current();
    const twin = table.indexes.find(
      (own) =>
        own.definition === index.definition && (kind === null || own.constraint) && !taken.has(own.name),
    );
    if (twin !== undefined) {
      taken.add(twin.name);
      continue;
    }
    const names = columnNamesOf(index);
    if (kind === 'primary' && table.primaryKey !== null) continue;
    const addition = kind === 'primary' ? null : joinColumns(names);
    const name = chooseRelationName(
      draft,
      table.schema,
      table.name,
      addition,
      kind === null ? 'idx' : labels[kind],
      kind !== null,
    );
    taken.add(name);
    if (kind === null) draft.put('table', { ...table, indexes: [...table.indexes, { ...index, name }] });
    else putConstraint(draft, table, kind, { ...index, name });
  }
  for (const foreignKey of parent.foreignKeys) {
    const table = current();
    const twin = table.foreignKeys.some(
      (own) =>
        own.references === foreignKey.references &&
        own.columns.join('\0') === foreignKey.columns.join('\0') &&
        own.referencedColumns.join('\0') === foreignKey.referencedColumns.join('\0'),
    );
    if (!twin) putForeignKey(draft, table, { ...foreignKey, validated: true });
  }
  const rowTriggers = parent.triggers.filter((trigger) => trigger.level === 'row');
  const table = current();
  const missing = rowTriggers.filter((trigger) => !table.triggers.some((own) => own.name === trigger.name));
  if (missing.length > 0) draft.put('table', { ...table, triggers: [...table.triggers, ...missing] });
}

// Bits of TableLikeOption (src/include/nodes/parsenodes.h).
const likeComments = 1;
const likeConstraints = 4;
const likeDefaults = 8;
const likeGenerated = 16;
const likeIdentity = 32;
const likeIndexes = 64;

export function copyColumns(draft: Draft, key: string, like: SyntaxNode, source: string, site: Site): void {
  const options: number = like.options ?? 0;
  const from = draft.get('table', source);
  if (from === undefined || from.unknown.length > 0) {
    draft.unknown(
      site.origin,
      `columns of ${source}, which is not fully known`,
      { kind: 'table', key },
      'columns',
    );
  }
  const [schema, name] = [draft.get('table', key)!.schema, draft.get('table', key)!.name];
  for (const column of from?.columns ?? []) {
    const identity = (options & likeIdentity) !== 0 ? column.identity : null;
    if (identity !== null) createOwnedSequence(draft, { key, schema, name }, column.name, site);
    putColumn(
      draft,
      key,
      {
        ...column,
        default: (options & likeDefaults) !== 0 ? column.default : null,
        generated: (options & likeGenerated) !== 0 ? column.generated : null,
        identity,
        sequence: null,
        comment: (options & likeComments) !== 0 ? column.comment : null,
        origin: site.origin,
      },
      site,
    );
  }
}

export function copyRest(draft: Draft, key: string, like: SyntaxNode, source: string): void {
  const from = draft.get('table', source);
  const options: number = like.options ?? 0;
  if (from === undefined) return;
  const table = () => draft.get('table', key)!;
  if ((options & likeConstraints) !== 0) {
    for (const check of from.checks) putCheck(draft, table(), { ...check, validated: true });
  }
  if ((options & likeIndexes) !== 0) {
    clonePartitionParts(draft, key, { ...from, foreignKeys: [], triggers: [] });
  }
}
