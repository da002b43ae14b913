/** Functions, procedures and aggregates. */
import type { CatalogKind } from '../../../model/catalog.ts';
import type { Assembly, CatalogRow } from './assembly.ts';

export function routines({ rows, add, grants, schemaId, ownerTo, extensionOf, commentName }: Assembly): void {
  for (const row of rows.routines) {
    const { oid, identity, owner } = row;
    if (row.member) {
      grants(`FUNCTION ${identity}`, row.acl, owner, extensionOf(`pg_proc ${oid} 0`));
      continue;
    }
    const kind: CatalogKind = row.kind === 'p' ? 'procedure' : row.kind === 'a' ? 'aggregate' : 'function';
    const word = kind.toUpperCase();
    const definition = row.kind === 'a' ? aggregateDefinition(row) : String(row.definition).trimEnd();
    const id = add({
      kind,
      identity,
      definition: owner === 'postgres' ? definition : `${definition}\n-- owner ${owner}`,
      properties: { owner, arguments: row.arguments, result: row.result },
      create: [definition, ...ownerTo(word, identity, owner)],
      drop: [`DROP ${word} ${identity}`],
      address: `pg_proc ${oid} 0`,
      needs: [schemaId(row.schema)],
    });
    commentName.set(id, `${word} ${identity}`);
    grants(`${kind === 'procedure' ? 'PROCEDURE' : 'FUNCTION'} ${identity}`, row.acl, owner, id);
  }
}

/** Letters of pg_aggregate and pg_proc, and how CREATE AGGREGATE says them; what is the default is left out. */
const letters: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  PARALLEL: { u: null, s: 'SAFE', r: 'RESTRICTED' },
  FINALFUNC_MODIFY: { r: null, s: 'SHAREABLE', w: 'READ_WRITE' },
  MFINALFUNC_MODIFY: { r: null, s: 'SHAREABLE', w: 'READ_WRITE' },
};

function aggregateDefinition(row: CatalogRow): string {
  const options = Object.entries(row.aggregate as Record<string, string | number | boolean | null>)
    .map(([word, value]) => [word, letters[word] ? letters[word][String(value)] : value] as const)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([word, value]) => (value === true ? word : `${word} = ${value}`));
  const name = row.identity.slice(
    0,
    row.identity.length - /\([^()]*(\([^()]*\)[^()]*)*\)$/.exec(row.identity)![0].length,
  );
  return `CREATE AGGREGATE ${name}(${row.arguments || '*'}) (${options.join(', ')})`;
}
