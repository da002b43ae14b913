/** Publications. */
import type { Publication } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import type { Draft } from './draft.ts';
import { elementPlace, type Site } from './site.ts';
import { descendants } from './table-access.ts';

interface Members {
  readonly tables: Publication['tables'];
  readonly schemas: readonly string[];
}

export function createPublication(draft: Draft, node: SyntaxNode, site: Site): void {
  if (draft.has('publication', node.pubname)) return;
  draft.create('publication', {
    name: node.pubname,
    allTables: node.for_all_tables === true,
    ...members(draft, node.pubobjects, site),
  });
}

export function alterPublication(draft: Draft, node: SyntaxNode, site: Site): void {
  const named = members(draft, node.pubobjects, site);
  if (named.tables.length === 0 && named.schemas.length === 0) return;
  const isNamed = (member: Publication['tables'][number]) =>
    named.tables.some((other) => other.table === member.table);
  // A publication that nothing made is remembered all the same: its tables are exposed by it.
  const publication = draft.get('publication', node.pubname) ?? {
    name: node.pubname,
    allTables: false,
    tables: [],
    schemas: [],
  };
  switch (node.action) {
    case 'AP_SetObjects':
      draft.put('publication', { ...publication, ...named });
      break;
    case 'AP_DropObjects':
      draft.put('publication', {
        ...publication,
        tables: publication.tables.filter((member) => !isNamed(member)),
        schemas: publication.schemas.filter((schema) => !named.schemas.includes(schema)),
      });
      break;
    default:
      draft.put('publication', {
        ...publication,
        tables: [...publication.tables.filter((member) => !isNamed(member)), ...named.tables],
        schemas: [...new Set([...publication.schemas, ...named.schemas])],
      });
  }
  for (const { table } of named.tables) draft.touch('table', table);
}

function members(draft: Draft, objects: readonly SyntaxNode[] | undefined, site: Site): Members {
  const tables: { table: string; origin: ReturnType<typeof elementPlace> }[] = [];
  const schemas: string[] = [];
  for (const { PublicationObjSpec: object } of objects ?? []) {
    const range = object.pubtable?.relation;
    if (range !== undefined) {
      const table = draft.relation(range);
      const origin = elementPlace(site, range);
      tables.push({ table, origin });
      // Without ONLY those that inherit from it come along; partitions are published by their parent.
      if (range.inh && draft.get('table', table)?.kind !== 'partitioned') {
        for (const child of descendants(draft, table)) tables.push({ table: child.key, origin });
      }
    } else if (object.pubobjtype === 'PUBLICATIONOBJ_TABLES_IN_CUR_SCHEMA')
      schemas.push(draft.creationSchema);
    else if (object.name !== undefined) schemas.push(object.name);
  }
  return { tables, schemas };
}
