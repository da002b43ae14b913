/** CREATE … IF NOT EXISTS that did nothing, although what stands there is not what the file defines. */
import type { Session } from '../database/engine.ts';
import type { SkippedCreate } from '../model/replay.ts';
import type { Statement, SyntaxNode } from '../model/sql.ts';
import { literal } from './commands.ts';
import type { MigrationFile } from './file.ts';

/** After the file has applied. `existed`: whether a relation (by oid) stood before the pull request. */
export async function skippedCreates(
  session: Session,
  file: MigrationFile,
  existed: (oid: string) => boolean,
): Promise<readonly SkippedCreate[]> {
  const named = file.source.statements.flatMap((statement) => {
    const name = nameIfNotExists(statement);
    return name === null ? [] : [{ statement, name }];
  });
  if (named.length === 0) return [];
  const names = named.map(({ name }) => literal(name)).join(',');
  const there = await session.query(
    `select pg_catalog.to_regclass(name)::oid::text as oid from unnest(array[${names}]) with ordinality given(name, place) order by place`,
  );
  const found: SkippedCreate[] = [];
  for (const [at, { statement }] of named.entries()) {
    const oid = there[at]?.oid;
    if (!oid || !existed(oid)) continue;
    const differ = statement.kind === 'IndexStmt' ? indexDifference : tableDifference;
    const difference = await differ(session, statement.node, oid);
    if (difference)
      found.push({ path: file.path, index: statement.index, line: lineOf(statement), ...difference });
  }
  return found;
}

/** The relation that CREATE TABLE or CREATE INDEX … IF NOT EXISTS looks for, as SQL writes it; null for all else. */
function nameIfNotExists({ kind, node }: Statement): string | null {
  if (!node.if_not_exists) return null;
  if (kind === 'CreateStmt') return nameOf(node.relation);
  // An index stands in its table's schema.
  return kind === 'IndexStmt' && node.idxname
    ? `${ident(node.relation?.schemaname ?? 'public')}.${ident(node.idxname)}`
    : null;
}

type Difference = { readonly object: string; readonly difference: string };

async function tableDifference(session: Session, node: SyntaxNode, oid: string): Promise<Difference | null> {
  const [table] = await session.query(
    `select c.relkind::text as kind, n.nspname || '.' || c.relname as key,
       (select json_agg(attname)::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1`,
    [oid],
  );
  if (!table) return null;
  if (table.kind !== 'r' && table.kind !== 'p') return { object: table.key!, difference: 'It is no table.' };
  const there = new Set<string>(JSON.parse(table.columns ?? '[]'));
  const missing = (node.tableElts ?? [])
    .map((element: SyntaxNode) => element.ColumnDef?.colname)
    .filter((column: string | undefined) => column !== undefined && !there.has(column));
  if (missing.length === 0) return null;
  const list = missing.map((column: string) => `"${column}"`).join(', ');
  return {
    object: table.key!,
    difference: `The table that is there has no column ${list}.`,
  };
}

async function indexDifference(session: Session, node: SyntaxNode, oid: string): Promise<Difference | null> {
  const [index] = await session.query(
    `select n.nspname || '.' || c.relname as key, t.relname as table, i.indisunique as unique,
       (select json_agg(a.attname order by o)::text from unnest(i.indkey::int2[]) with ordinality k(n, o)
         left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n where o <= i.indnkeyatts) as columns
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace join pg_class t on t.oid = i.indrelid
     where i.indexrelid = $1`,
    [oid],
  );
  if (!index) return null;
  const wanted: (string | null)[] = (node.indexParams ?? []).map(
    (entry: SyntaxNode) => entry.IndexElem?.name ?? null,
  );
  const there: (string | null)[] = JSON.parse(index.columns ?? '[]');
  const object = index.key!;
  if (index.table !== node.relation?.relname)
    return { object, difference: `The index that is there is on "${index.table}".` };
  if (JSON.stringify(wanted) !== JSON.stringify(there)) {
    const list = there.map((column) => (column === null ? 'an expression' : `"${column}"`)).join(', ');
    return { object, difference: `The index that is there is on ${list}.` };
  }
  if ((index.unique === 't') !== (node.unique === true)) {
    return { object, difference: `The index that is there is ${index.unique === 't' ? '' : 'not '}unique.` };
  }
  return null;
}

const lineOf = (statement: Statement): number => statement.span.line;
const nameOf = (relation: SyntaxNode | undefined): string =>
  [relation?.schemaname, relation?.relname].filter(Boolean).map(ident).join('.');
const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`;
