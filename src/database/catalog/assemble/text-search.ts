/** Text search dictionaries and configurations. Parsers and templates are C code: an extension's. */
import type { Assembly } from './assembly.ts';

export function textSearchDictionaries({ rows, add, schemaId, ownerTo, commentName }: Assembly): void {
  for (const { oid, name, schema, owner, template, options } of rows.textSearchDictionaries) {
    const create = `CREATE TEXT SEARCH DICTIONARY ${name} (TEMPLATE = ${template}${options ? `, ${options}` : ''})`;
    const id = add({
      kind: 'text search dictionary',
      identity: name,
      definition: owner === 'postgres' ? create : `${create}\n-- owner ${owner}`,
      properties: { owner },
      create: [create, ...ownerTo('TEXT SEARCH DICTIONARY', name, owner)],
      drop: [`DROP TEXT SEARCH DICTIONARY ${name}`],
      address: `pg_ts_dict ${oid} 0`,
      needs: [schemaId(schema)],
    });
    commentName.set(id, `TEXT SEARCH DICTIONARY ${name}`);
  }
}

export function textSearchConfigurations({ rows, add, schemaId, ownerTo, commentName }: Assembly): void {
  for (const { oid, name, schema, owner, parser, mappings } of rows.textSearchConfigurations) {
    const map = Object.fromEntries(
      (mappings ?? []).map((row: { token: string; dictionaries: string[] }) => [
        row.token,
        row.dictionaries.join(', '),
      ]),
    ) as Record<string, string>;
    const create = `CREATE TEXT SEARCH CONFIGURATION ${name} (PARSER = ${parser})`;
    const lines = Object.entries(map).map(([token, dictionaries]) =>
      mapping(name, 'ADD', token, dictionaries),
    );
    const id = add({
      kind: 'text search configuration',
      identity: name,
      definition: [create, ...lines, ...(owner === 'postgres' ? [] : [`-- owner ${owner}`])].join('\n'),
      properties: { owner, parser, map },
      create: [create, ...lines, ...ownerTo('TEXT SEARCH CONFIGURATION', name, owner)],
      drop: [`DROP TEXT SEARCH CONFIGURATION ${name}`],
      address: `pg_ts_config ${oid} 0`,
      needs: [schemaId(schema)],
    });
    commentName.set(id, `TEXT SEARCH CONFIGURATION ${name}`);
  }
}

/** `dictionaries` null: the mapping goes. */
export function mapping(
  configuration: string,
  what: 'ADD' | 'ALTER' | 'DROP',
  token: string,
  dictionaries: string | null,
): string {
  return `ALTER TEXT SEARCH CONFIGURATION ${configuration} ${what} MAPPING FOR ${token}${dictionaries === null ? '' : ` WITH ${dictionaries}`}`;
}
