/** Comments and security labels: what is said about an object by its address. */
import { literal } from '../quote.ts';
import { type Assembly, type CatalogRow, classes } from './assembly.ts';

export function comments(into: Assembly): void {
  for (const row of into.rows.comments) {
    const target = targetOf(row, into);
    if (target === null) continue;
    into.add({
      kind: 'comment',
      identity: shown(target.on),
      parent: target.parent,
      definition: row.text,
      create: [`COMMENT ON ${target.on} IS ${literal(row.text)}`],
      drop: [`COMMENT ON ${target.on} IS NULL`],
    });
  }
}

export function securityLabels(into: Assembly): void {
  for (const row of into.rows.securityLabels) {
    const target = targetOf(row, into);
    if (target === null) continue;
    const label = `SECURITY LABEL FOR ${row.provider} ON ${target.on} IS`;
    into.add({
      kind: 'security label',
      identity: `${row.provider} on ${shown(target.on)}`,
      parent: target.parent,
      definition: row.text,
      create: [`${label} ${literal(row.text)}`],
      drop: [`${label} NULL`],
    });
  }
}

interface Target {
  /** As COMMENT ON wants it. */
  readonly on: string;
  readonly parent: string | null;
}

/** Null for what an extension brought, and for what no object stands for. */
function targetOf({ class: classOid, oid, sub }: CatalogRow, into: Assembly): Target | null {
  const { objects, rows, relations, columnsOf, idOf, commentName } = into;
  const catalog = classes[classOid];
  const parent = idOf(`${catalog} ${oid} ${sub}`) ?? idOf(`${catalog} ${oid} 0`);
  const object = parent === null ? undefined : objects.get(parent);
  if (object === undefined || (object.kind === 'extension') !== (catalog === 'pg_extension')) return null;
  const to = (on: string | undefined) => (on === undefined ? null : { on, parent: object.id });
  if (sub > 0 && object.kind !== 'column') {
    // Columns of a view and attributes of a composite type are part of it.
    const column = columnsOf.get(oid)?.find((entry) => entry.number === sub);
    return to(column && `COLUMN ${relations.get(oid)?.name}.${column.name}`);
  }
  // Of a constraint's index, and of a domain's constraint, the whole stands for the part.
  if (catalog === 'pg_class' && object.kind === 'constraint') return to(`INDEX ${object.properties.index}`);
  if (catalog === 'pg_constraint' && object.kind === 'type') {
    const constraint = rows.constraints.find((row) => row.oid === oid);
    return to(constraint && `CONSTRAINT ${constraint.name} ON DOMAIN ${object.identity}`);
  }
  return to(commentName.get(object.id));
}

const shown = (on: string) => on.replace(/^[A-Z ]+(?= )/, (word) => word.toLowerCase());
