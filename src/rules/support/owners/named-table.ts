/** The table of which a name is one row: `tenants` of `tenant`. */
import type { SchemaState, Table } from '../../../model/schema.ts';
import { isPlatform } from '../callers/roles.ts';

/** With a key of one column, in `public` before any other schema; undefined where there is none, or several. */
export function tableNamed(stem: string, { tables }: SchemaState): Table | undefined {
  const names = new Set([stem, `${stem}s`, `${stem}es`, stem.replace(/y$/, 'ies')]);
  if (stem === 'org') for (const name of ['organizations', 'organisations']) names.add(name);
  const found = [...tables.values()].filter(
    ({ schema, name, primaryKey }) =>
      !isPlatform(schema) && names.has(name) && primaryKey?.columns.length === 1,
  );
  const inPublic = found.filter(({ schema }) => schema === 'public');
  const those = inPublic.length > 0 ? inPublic : found;
  return those.length === 1 ? those[0] : undefined;
}
