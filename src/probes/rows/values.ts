/** Values that a column takes: worked back from its type, its checks and what policies compare it with. */
import type { DataType, SchemaState, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { parseExpression } from '../../sql/parse.ts';
import type { ProbeCatalog } from '../catalog.ts';
import { valuesNamedFor } from './check-hints.ts';
import { byType, holds, rotate, type Seed, type Value } from './type-values.ts';

export interface ValueSource {
  /** Values for this column of this table, best first; at least one. */
  candidates(table: Table, column: string, seed: Seed): readonly Value[];
}

export function createValues(state: SchemaState, catalog: ProbeCatalog): ValueSource {
  const types = new Map<string, DataType>();
  for (const type of state.types.values()) {
    types.set(type.key, type);
    // format_type leaves out schemas on the search path.
    if (type.schema === 'public') types.set(type.name, type);
  }
  const hints = new Map<string, Value[]>();

  const candidates = (table: Table, columnName: string, seed: Seed): readonly Value[] => {
    const column = table.columns.find((candidate) => candidate.name === columnName);
    if (column === undefined) return [null];
    let type = column.type;
    const checks = table.checks.map(
      (check) => check.expression.node ?? parseExpression(check.expression.text),
    );
    for (let domain = catalog.domains.get(type); domain !== undefined; domain = catalog.domains.get(type)) {
      type = domain.base;
      for (const check of domain.checks) {
        const inside = /^CHECK \((.*)\)(?: NOT VALID)?$/s.exec(check)?.[1];
        if (inside !== undefined) checks.push(domainCheck(parseExpression(inside), columnName));
      }
    }
    const key = `${table.key}.${columnName}`;
    let hinted = hints.get(key);
    if (hinted === undefined) {
      hinted = checks.flatMap((check) => valuesNamedFor(check, columnName));
      hints.set(key, hinted);
    }
    const values = byType(type, columnName, `${table.key}.${columnName}`, seed, types);
    // Later turns take later hints: a status to change to, another rating.
    const rotated = hinted.length > 0 ? rotate(hinted, seed.turn).filter((value) => holds(type, value)) : [];
    return [...new Set([...rotated, ...values])];
  };
  return { candidates };
}

/** In a domain's check the value is called VALUE. */
function domainCheck(node: SyntaxNode | null, column: string): SyntaxNode | null {
  if (node === null) return null;
  return JSON.parse(
    JSON.stringify(node).replaceAll(
      /\{"ColumnRef":\{"fields":\[\{"String":\{"sval":"value"\}\}\](?:,"location":\d+)?\}\}/g,
      JSON.stringify({ ColumnRef: { fields: [{ String: { sval: column } }] } }),
    ),
  );
}
