/** Copies that a migration kept of tables it dropped: the way back fills the tables from them before it takes them away. */
import { literal } from '../database/catalog/quote.ts';
import type { Snapshot } from '../model/catalog.ts';
import type { SourceFile, SyntaxNode } from '../model/sql.ts';
import type { PlannedStatement } from './plan.ts';
import { tableNamed } from './tables.ts';

export interface KeptCopy {
  /** The table that went. */
  readonly of: string;
  /** The table that was made from all of its rows. */
  readonly copy: string;
  /** Columns that can be written, as Postgres quotes them. */
  readonly columns: readonly string[];
  /** Those of them that number themselves (GENERATED AS IDENTITY). */
  readonly identities: readonly string[];
}

/** `CREATE TABLE copy AS SELECT * FROM table`, where the table is gone afterwards and the copy is there. */
export function keptCopies(source: SourceFile, before: Snapshot, after: Snapshot): KeptCopy[] {
  return source.statements.flatMap(({ kind, node }) => {
    if (kind !== 'CreateTableAsStmt' || node.objtype !== 'OBJECT_TABLE' || node.into?.skipData) return [];
    const of = tableNamed(before, wholeTable(node.query?.SelectStmt));
    const copy = tableNamed(after, node.into?.rel);
    if (of === null || copy === null || after.objects.has(`table ${of}`)) return [];
    if (before.objects.has(`table ${copy}`)) return [];
    const columns = (before.objects.get(`table ${of}`)!.properties.columns as string[]).filter(
      (column) => before.objects.get(`column ${of}.${column}`)?.properties.generated === null,
    );
    const identities = columns.filter(
      (column) => before.objects.get(`column ${of}.${column}`)?.properties.identity,
    );
    return columns.length === 0 ? [] : [{ of, copy, columns, identities }];
  });
}

/** The one table whose rows and columns a query gives without leaving any out. */
function wholeTable(select: SyntaxNode | undefined): SyntaxNode | undefined {
  const targets: SyntaxNode[] = select?.targetList ?? [];
  const from: SyntaxNode[] = select?.fromClause ?? [];
  const isWhole =
    targets.length === 1 &&
    targets[0]!.ResTarget?.val?.ColumnRef?.fields?.[0]?.A_Star !== undefined &&
    from.length === 1 &&
    select?.whereClause === undefined &&
    select?.limitCount === undefined &&
    select?.limitOffset === undefined &&
    select?.distinctClause === undefined &&
    select?.groupClause === undefined;
  return isWhole ? from[0]!.RangeVar : undefined;
}

/** The plan with each copy dropped after its rows went back, and not before. */
export function withRowsBack(
  statements: readonly PlannedStatement[],
  copies: readonly KeptCopy[],
): readonly PlannedStatement[] {
  return copies.reduce((plan, { of, copy, columns, identities }) => {
    const drop = plan.find(({ sql }) => sql === `DROP TABLE ${copy}`);
    const create = plan.find(({ sql }) => sql.startsWith(`CREATE TABLE ${of} (`));
    if (drop === undefined || create === undefined) return plan;
    const list = columns.join(', ');
    const overriding = identities.length === 0 ? '' : 'OVERRIDING SYSTEM VALUE ';
    const back = [
      { ...create, note: 'recreates the table; its rows come from the copy that the migration kept' },
      bare(`INSERT INTO ${of} (${list}) ${overriding}SELECT ${list} FROM ${copy}`),
      ...identities.map((column) =>
        bare(
          `SELECT setval(pg_get_serial_sequence(${literal(of)}, ${literal(unquoted(column))}), max(${column})) FROM ${of}`,
        ),
      ),
      drop,
    ];
    return plan.flatMap((one) => {
      if (one === drop) return [];
      if (one === create) return back;
      const serial = serials.exec(one.sql);
      const isOurs = serial !== null && one.sql.startsWith(`ALTER TABLE ${of} `);
      return isOurs ? [one, bare(`SELECT setval(${serial[2]!}, max(${serial[1]!})) FROM ${of}`)] : [one];
    });
  }, statements);
}

/** A column that numbers itself by a sequence: the next number comes after those of the rows that are back. */
const serials = /ALTER COLUMN (.+) SET DEFAULT nextval\(('.+'::regclass)\)$/;

const bare = (sql: string): PlannedStatement => ({ sql, note: null });

const unquoted = (name: string) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);
