/** The plan with rows and values brought back from the copies that the migration kept, each copy dropped after that and not before. */
import { literal } from '../database/catalog/quote.ts';
import { type KeptCopy, unquoted } from './copies.ts';
import type { Claim } from './data.ts';
import type { PlannedStatement } from './plan.ts';
import { qualified } from './rename.ts';
import { required, requiredOnceFilled } from './required.ts';
import type { BroughtBack } from './written-over.ts';

/** What is done about rows on the way. */
export interface RowsBack {
  /** Done before the catalog is touched. */
  readonly first: readonly PlannedStatement[];
  readonly copies: readonly KeptCopy[];
  /** What the migration wrote over and its copies hold. */
  readonly writtenOver: readonly BroughtBack[];
  /** Tables that the migration made from others, by name: what goes with them is said. */
  readonly made: ReadonlyMap<string, string>;
}

export const noRows: RowsBack = { first: [], copies: [], writtenOver: [], made: new Map() };

export function withRowsBack(
  statements: readonly PlannedStatement[],
  { copies, writtenOver, made }: Pick<RowsBack, 'copies' | 'writtenOver' | 'made'>,
): readonly PlannedStatement[] {
  const used: KeptCopy[] = [];
  const filled = copies.reduce((plan, copy) => {
    const again = copy.key === null && used.some(({ of }) => of === copy.of);
    if (again || !plan.some(({ sql }) => sql === `DROP TABLE ${copy.copy}`)) return plan;
    const next = copy.key === null ? withTable(plan, copy) : withColumns(plan, copy);
    if (next.length > plan.length) used.push(copy);
    return next;
  }, statements);
  const back = writtenOver.filter(({ copy }) => statements.some(({ sql }) => sql === `DROP TABLE ${copy}`));
  // With the schemas that the migration made for them.
  const last = new Set(
    [...used, ...back].flatMap(({ copy }) => [`DROP TABLE ${copy}`, `DROP SCHEMA ${qualified(copy).schema}`]),
  );
  const noted = withWrittenOver(filled, back).map((one) => {
    const copy = one.sql.startsWith('DROP TABLE ') ? one.sql.slice('DROP TABLE '.length) : '';
    const of = last.has(one.sql) ? undefined : made.get(copy);
    return of === undefined
      ? one
      : { ...one, note: `a copy from ${of}: what it holds is not brought back; do that before it goes` };
  });
  return [...noted.filter(({ sql }) => !last.has(sql)), ...noted.filter(({ sql }) => last.has(sql))];
}

function withTable(plan: readonly PlannedStatement[], copy: KeptCopy): readonly PlannedStatement[] {
  const { of, identities } = copy;
  return plan.flatMap((one) => {
    if (one.sql.startsWith(`CREATE TABLE ${of} (`))
      return [
        { ...one, note: 'recreates the table; its rows come from the copy that the migration kept' },
        bare(rowsBack(copy)),
        ...identities.map((column) =>
          bare(
            `SELECT setval(pg_get_serial_sequence(${literal(of)}, ${literal(unquoted(column))}), max(${column})) FROM ${of}`,
          ),
        ),
      ];
    const serial = serials.exec(one.sql);
    const isOurs = serial !== null && one.sql.startsWith(`ALTER TABLE ${of} `);
    return isOurs ? [one, bare(`SELECT setval(${serial[2]!}, max(${serial[1]!})) FROM ${of}`)] : [one];
  });
}

/** A column that numbers itself by a sequence: the next number comes after those of the rows that are back. */
const serials = /ALTER COLUMN (.+) SET DEFAULT nextval\(('.+'::regclass)\)$/;

function withColumns(plan: readonly PlannedStatement[], copy: KeptCopy): readonly PlannedStatement[] {
  return copy.columns.reduce((steps, column) => {
    const onceFilled = requiredOnceFilled(copy.of, column);
    return steps.flatMap((one) => {
      if (one.sql.startsWith(`ALTER TABLE ${copy.of} ADD COLUMN ${column} `))
        return [
          { ...one, note: 'recreates the column; its values come from the copy that the migration kept' },
          bare(valuesBack(copy, column)),
        ];
      if (one.sql === onceFilled)
        return [
          {
            sql: required(copy.of, column),
            note: 'rows made since have no value and stop this: give them one first',
          },
        ];
      return [one];
    });
  }, plan);
}

/**
 * Where the columns are again what they were and hold what they must not yet: behind what makes room on the tables, ahead of
 * their constraints.
 */
function withWrittenOver(
  plan: readonly PlannedStatement[],
  back: readonly BroughtBack[],
): readonly PlannedStatement[] {
  if (back.length === 0) return plan;
  const tables = [...new Set(back.map(({ of }) => `ALTER TABLE ${of} `))];
  const isRequired = ({ sql }: PlannedStatement) =>
    sql.endsWith(' SET NOT NULL') && tables.some((alter) => sql.startsWith(alter));
  const makesRoom = ({ sql }: PlannedStatement) =>
    /^DROP (INDEX|TRIGGER) /.test(sql) ||
    tables.some(
      (alter) =>
        sql.startsWith(`${alter}ADD COLUMN `) ||
        sql.startsWith(`${alter}DROP `) ||
        (sql.startsWith(`${alter}ALTER COLUMN `) && / (DROP NOT NULL$|TYPE )/.test(sql)),
    );
  const at = plan.findLastIndex(makesRoom) + 1;
  const ahead = plan.slice(0, at);
  return [
    ...ahead.filter((one) => !isRequired(one)),
    ...back.flatMap(({ statements }) => statements),
    ...ahead.filter(isRequired),
    ...plan.slice(at),
  ];
}

function rowsBack({ of, copy, columns, identities, held }: KeptCopy): string {
  const list = columns.join(', ');
  const overriding = identities.length === 0 ? '' : 'OVERRIDING SYSTEM VALUE ';
  const values =
    held.json === null
      ? `SELECT ${columns.map((column) => held.place(column)).join(', ')} FROM ${copy}`
      : `SELECT ${columns.map((column) => `r.${column}`).join(', ')} FROM ${copy} AS k, ${asRow(of, held.json)}`;
  return `INSERT INTO ${of} (${list}) ${overriding}${values}`;
}

function valuesBack({ of, copy, key, held }: KeptCopy, column: string): string {
  const read = (name: string) => (held.json === null ? `k.${held.place(name)}` : `r.${name}`);
  const from = held.json === null ? '' : `, ${asRow(of, held.json)}`;
  const same = key!.map((name) => `t.${name} = ${read(name)}`).join(' AND ');
  return `UPDATE ${of} AS t SET ${column} = ${read(column)} FROM ${copy} AS k${from} WHERE ${same}`;
}

const asRow = (of: string, json: string) => `jsonb_populate_record(NULL::${of}, ${json}) AS r`;

/** What is lost but for what this SQL brings back from a copy. */
export function withoutKept(
  claims: readonly Claim[],
  { copies, writtenOver }: Pick<RowsBack, 'copies' | 'writtenOver'>,
  sql: string | null,
): readonly Claim[] {
  const isBack = (statement: string) => sql?.includes(`${statement};`) === true;
  const undone = new Set(
    writtenOver.filter(({ statements }) => isBack(statements[0]!.sql)).flatMap(({ claims: some }) => some),
  );
  const left = claims.filter((claim) => !undone.has(claim));
  return left.filter(
    ({ table, columns, goes }) =>
      !goes ||
      !copies.some((copy) =>
        copy.of !== table || (columns === null) !== (copy.key === null)
          ? false
          : columns === null
            ? isBack(rowsBack(copy))
            : columns.every((column) => copy.columns.includes(column) && isBack(valuesBack(copy, column))),
      ),
  );
}

const bare = (sql: string): PlannedStatement => ({ sql, note: null });
