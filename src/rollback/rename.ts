/** What lives on under another name or in another schema, told by its address, gets its old name back. */
import type { CatalogKind, CatalogObject, Snapshot } from '../model/catalog.ts';

/** How ALTER names a kind, and whether its name lives in a schema, in the database, or on its table. */
const kinds: Partial<Record<CatalogKind, { readonly word: string; readonly level: 0 | 1 | 2 }>> = {
  schema: { word: 'SCHEMA', level: 0 },
  role: { word: 'ROLE', level: 0 },
  publication: { word: 'PUBLICATION', level: 0 },
  'event trigger': { word: 'EVENT TRIGGER', level: 0 },
  'foreign data wrapper': { word: 'FOREIGN DATA WRAPPER', level: 0 },
  server: { word: 'SERVER', level: 0 },
  table: { word: 'TABLE', level: 1 },
  'foreign table': { word: 'FOREIGN TABLE', level: 1 },
  view: { word: 'VIEW', level: 1 },
  'materialized view': { word: 'MATERIALIZED VIEW', level: 1 },
  sequence: { word: 'SEQUENCE', level: 1 },
  index: { word: 'INDEX', level: 1 },
  type: { word: 'TYPE', level: 1 },
  function: { word: 'FUNCTION', level: 1 },
  procedure: { word: 'PROCEDURE', level: 1 },
  aggregate: { word: 'AGGREGATE', level: 1 },
  statistics: { word: 'STATISTICS', level: 1 },
  collation: { word: 'COLLATION', level: 1 },
  conversion: { word: 'CONVERSION', level: 1 },
  'text search configuration': { word: 'TEXT SEARCH CONFIGURATION', level: 1 },
  'text search dictionary': { word: 'TEXT SEARCH DICTIONARY', level: 1 },
  column: { word: 'COLUMN', level: 2 },
  constraint: { word: 'CONSTRAINT', level: 2 },
  policy: { word: 'POLICY', level: 2 },
  trigger: { word: 'TRIGGER', level: 2 },
  rule: { word: 'RULE', level: 2 },
};

/**
 * Statements for the outermost level at which something bears another name: schemas, then what is in them, then what is
 * on tables. Empty where every name is right. Look again afterwards: definitions follow the names.
 */
export function renameBack(now: Snapshot, wanted: Snapshot): string[] {
  const target = new Map<string, CatalogObject>();
  for (const object of wanted.objects.values()) if (object.address) target.set(object.address, object);
  for (const level of [0, 1, 2] as const) {
    const statements: string[] = [];
    for (const object of now.objects.values()) {
      const goal = object.address === null ? undefined : target.get(object.address);
      if (kinds[object.kind]?.level !== level || goal === undefined || goal.kind !== object.kind) continue;
      statements.push(...rename(object, goal, now));
    }
    if (statements.length > 0) return statements;
  }
  return [];
}

function rename(object: CatalogObject, goal: CatalogObject, now: Snapshot): string[] {
  const { word, level } = kinds[object.kind]!;
  if (level === 0) {
    if (object.identity === goal.identity) return [];
    return [...makeRoom(goal, now), `ALTER ${word} ${object.identity} RENAME TO ${goal.identity}`];
  }
  if (level === 1) {
    const from = qualified(object.identity);
    const to = qualified(goal.identity);
    // An index and a column's sequence stand in their table's schema, and move with it.
    const moves = object.kind !== 'index' && !object.properties.owned;
    if (!moves && from.schema !== to.schema) return [];
    if (from.schema === to.schema && from.name === to.name) return [];
    const statements = [
      ...(from.schema === to.schema ? [] : belongingsAside(goal, now)),
      ...makeRoom(goal, now),
    ];
    if (from.schema !== to.schema)
      statements.push(`ALTER ${word} ${object.identity} SET SCHEMA ${to.schema}`);
    if (from.name !== to.name) {
      statements.push(`ALTER ${word} ${to.schema}.${from.name}${from.rest} RENAME TO ${to.name}`);
    }
    return statements;
  }
  const [was, is] = [object.properties.name as string, goal.properties.name as string];
  if (was === is || object.properties.inherited) return [];
  const table = object.properties.table as string;
  const room = makeRoom(
    { ...goal, identity: goal.kind === 'column' ? `${table}.${is}` : `${is} on ${table}` },
    now,
  );
  if (object.kind === 'column') return [...room, `ALTER TABLE ${table} RENAME COLUMN ${was} TO ${is}`];
  if (object.kind === 'constraint')
    return [...room, `ALTER TABLE ${table} RENAME CONSTRAINT ${was} TO ${is}`];
  return [...room, `ALTER ${word} ${was} ON ${table} RENAME TO ${is}`];
}

/** Who bears the wanted name now steps aside: it is new and goes later, or gets its own old name in the next round. */
function makeRoom(goal: CatalogObject, now: Snapshot): string[] {
  const relation = ['table', 'foreign table', 'view', 'materialized view', 'sequence', 'index'].includes(
    goal.kind,
  );
  const inTheWay = relation
    ? [...now.objects.values()].find(
        (object) =>
          object.identity === goal.identity && kinds[object.kind]?.level === 1 && object.kind !== 'function',
      )
    : now.objects.get(`${goal.kind} ${goal.identity}`);
  if (inTheWay === undefined || inTheWay.address === goal.address) return [];
  const { word, level } = kinds[inTheWay.kind]!;
  if (level === 2) {
    const { name, table } = inTheWay.properties as { name: string; table: string };
    if (inTheWay.kind === 'column') return [`ALTER TABLE ${table} RENAME COLUMN ${name} TO ${aside(name)}`];
    if (inTheWay.kind === 'constraint')
      return [`ALTER TABLE ${table} RENAME CONSTRAINT ${name} TO ${aside(name)}`];
    return [`ALTER ${word} ${name} ON ${table} RENAME TO ${aside(name)}`];
  }
  const { name } = level === 1 ? qualified(inTheWay.identity) : { name: inTheWay.identity };
  return [`ALTER ${word} ${inTheWay.identity} RENAME TO ${aside(name)}`];
}

/** A table takes its indexes and sequences along into the schema: those of the one that is in the way step aside too. */
function belongingsAside(goal: CatalogObject, now: Snapshot): string[] {
  const table = goal.kind === 'table' ? now.objects.get(goal.id) : undefined;
  if (table === undefined || table.address === goal.address) return [];
  return [...now.objects.values()].flatMap((object) => {
    const { properties } = object;
    const { name } = qualified(object.identity);
    if (object.kind === 'sequence')
      return String(properties.owned ?? '').startsWith(`column ${table.identity}.`)
        ? [`ALTER SEQUENCE ${object.identity} RENAME TO ${aside(name)}`]
        : [];
    if (object.parent !== table.id) return [];
    if (object.kind === 'index') return [`ALTER INDEX ${object.identity} RENAME TO ${aside(name)}`];
    if (object.kind === 'constraint' && /^[pux]$/.test(String(properties.type)))
      return [
        `ALTER TABLE ${table.identity} RENAME CONSTRAINT ${properties.name} TO ${aside(String(properties.name))}`,
      ];
    const sequence = object.kind === 'column' ? properties.sequenceName : null;
    return sequence
      ? [`ALTER SEQUENCE ${sequence} RENAME TO ${aside(qualified(String(sequence)).name)}`]
      : [];
  });
}

export const aside = (name: string) =>
  name.endsWith('"') ? `${name.slice(0, -1)}__aside"` : `${name}__aside`;

/** `public.f(uuid)` in its parts, each as quoted as it came. */
export function qualified(identity: string): { schema: string; name: string; rest: string } {
  const parts = /^("(?:[^"]|"")+"|[^."]+)\.("(?:[^"]|"")+"|[^("]+)(.*)$/s.exec(identity);
  if (parts === null) return { schema: '', name: identity, rest: '' };
  return { schema: parts[1]!, name: parts[2]!, rest: parts[3]! };
}
