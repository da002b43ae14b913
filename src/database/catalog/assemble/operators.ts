/** Operators, casts, collations and conversions. */
import type { CatalogKind } from '../../../model/catalog.ts';
import { literal } from '../quote.ts';
import type { Assembly } from './assembly.ts';

export function operators({ rows, add, schemaId, ownerTo, commentName }: Assembly): void {
  for (const row of rows.operators) {
    const { oid, name, schema, owner, left, right } = row;
    const identity = `${name} (${left ?? 'NONE'}, ${right ?? 'NONE'})`;
    const parts = [
      `FUNCTION = ${row.function}`,
      left !== null && `LEFTARG = ${left}`,
      right !== null && `RIGHTARG = ${right}`,
      row.commutator !== null && `COMMUTATOR = OPERATOR(${row.commutator})`,
      row.negator !== null && `NEGATOR = OPERATOR(${row.negator})`,
      row.restrict !== null && `RESTRICT = ${row.restrict}`,
      row.join !== null && `JOIN = ${row.join}`,
      row.hashes && 'HASHES',
      row.merges && 'MERGES',
    ];
    const create = `CREATE OPERATOR ${name} (${parts.filter(Boolean).join(', ')})`;
    // What ALTER OPERATOR can't set.
    const rest = parts.filter((part) => part && !/^(RESTRICT|JOIN) /.test(part)).join(', ');
    const id = add({
      kind: 'operator',
      identity,
      definition: owner === 'postgres' ? create : `${create}\n-- owner ${owner}`,
      properties: { owner, restrict: row.restrict, join: row.join, rest },
      create: [create, ...ownerTo('OPERATOR', identity, owner)],
      drop: [`DROP OPERATOR ${identity}`],
      address: `pg_operator ${oid} 0`,
      needs: [schemaId(schema)],
    });
    commentName.set(id, `OPERATOR ${identity}`);
  }
}

export function casts({ rows, add, commentName }: Assembly): void {
  const contexts: Readonly<Record<string, string>> = { a: ' AS ASSIGNMENT', i: ' AS IMPLICIT' };
  for (const { oid, source, target, function: by, method, context } of rows.casts) {
    const how = method === 'f' ? `WITH FUNCTION ${by}` : method === 'i' ? 'WITH INOUT' : 'WITHOUT FUNCTION';
    const name = `(${source} AS ${target})`;
    const create = `CREATE CAST ${name} ${how}${contexts[context] ?? ''}`;
    const id = add({
      kind: 'cast',
      identity: name,
      definition: create,
      create: [create],
      drop: [`DROP CAST ${name}`],
      address: `pg_cast ${oid} 0`,
    });
    commentName.set(id, `CAST ${name}`);
  }
}

export function collations(into: Assembly): void {
  const providers: Readonly<Record<string, string>> = { c: 'libc', i: 'icu', b: 'builtin' };
  for (const { oid, name, schema, owner, row } of into.rows.collations) {
    // Named so since 17; before, ICU's locale had a column of its own.
    const locale = row.colllocale ?? row.colliculocale ?? null;
    const parts = [
      `PROVIDER = ${providers[row.collprovider]}`,
      locale !== null && `LOCALE = ${literal(locale)}`,
      locale === null && `LC_COLLATE = ${literal(row.collcollate)}, LC_CTYPE = ${literal(row.collctype)}`,
      !row.collisdeterministic && 'DETERMINISTIC = false',
      row.collicurules != null && `RULES = ${literal(row.collicurules)}`,
    ];
    const create = `CREATE COLLATION ${name} (${parts.filter(Boolean).join(', ')})`;
    named(into, 'collation', { oid, catalog: 'pg_collation', name, schema, owner, create });
  }
}

export function conversions(into: Assembly): void {
  for (const { oid, name, schema, owner, from, to, function: by, standard } of into.rows.conversions) {
    const create = `CREATE ${standard ? 'DEFAULT ' : ''}CONVERSION ${name} FOR ${literal(from)} TO ${literal(to)} FROM ${by}`;
    named(into, 'conversion', { oid, catalog: 'pg_conversion', name, schema, owner, create });
  }
}

/** What is made by one statement and never altered but for its name, schema and owner. */
function named(
  { add, schemaId, ownerTo, commentName }: Assembly,
  kind: CatalogKind,
  one: Readonly<Record<'oid' | 'catalog' | 'name' | 'schema' | 'owner' | 'create', string>>,
): void {
  const { name, owner, create } = one;
  const word = kind.toUpperCase();
  const id = add({
    kind,
    identity: name,
    definition: owner === 'postgres' ? create : `${create}\n-- owner ${owner}`,
    properties: { owner, sql: create },
    create: [create, ...ownerTo(word, name, owner)],
    drop: [`DROP ${word} ${name}`],
    address: `${one.catalog} ${one.oid} 0`,
    needs: [schemaId(one.schema)],
  });
  commentName.set(id, `${word} ${name}`);
}
