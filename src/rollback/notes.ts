/** What a reader should know above a statement that makes an object again. */
import type { CatalogObject } from '../model/catalog.ts';
import type { PlannedStatement } from './plan.ts';
import { requiredOnceFilled } from './required.ts';

/** What makes an object. `value`: the default that a required column comes with; `isNews`: rows that are there may break it. */
export function noted(
  object: CatalogObject,
  value: CatalogObject | undefined,
  isNews: boolean,
): PlannedStatement[] {
  const statements = object.create.map((sql) => ({ sql, note: null as string | null }));
  const [first, ...rest] = statements;
  if (first === undefined) return [];
  if (object.kind === 'table') return [{ ...first, note: 'recreates the table, not its rows' }, ...rest];
  const stopping = isNews ? stoppedBy(object) : null;
  if (stopping !== null) return [{ ...first, note: stopping }, ...rest];
  const plain = object.properties.generated === null && !object.properties.identity;
  if (object.kind !== 'column' || !plain || !object.parent?.startsWith('table ')) return statements;
  const note = 'recreates the column, not its data';
  if (!object.properties.notNull) return [{ ...first, note }, ...rest];
  const bare = first.sql.replace(/ NOT NULL$/, '');
  if (value) return [{ sql: `${bare} DEFAULT ${value.definition} NOT NULL`, note }, ...rest];
  const { table, name } = object.properties as { table: string; name: string };
  return [
    { sql: bare, note },
    ...rest,
    {
      sql: requiredOnceFilled(table, name),
      note: 'rows hold no value for it: with rows it comes back nullable; give them one, then SET NOT NULL',
    },
  ];
}

/** Which rows made since stand in its way. */
function stoppedBy({ kind, properties, definition, create }: CatalogObject): string | null {
  if (kind === 'index')
    return create.some((sql) => /^CREATE UNIQUE /.test(sql)) ? 'values that are there twice stop this' : null;
  if (kind !== 'constraint' || / NOT VALID$/.test(definition)) return null;
  const words: Readonly<Record<string, string>> = {
    c: 'rows that do not satisfy it stop this',
    f: 'rows that refer to none stop this',
    p: 'values that are there twice stop this',
    u: 'values that are there twice stop this',
    x: 'rows that exclude each other stop this',
  };
  return words[String(properties.type)] ?? null;
}
