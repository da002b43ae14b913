/** How the index of a key is built while writes go on, and adopted as a constraint. */

import type { Statement } from '../../../model/sql.ts';
import { splitKey } from '../../../sql/fold/table-access.ts';
import { quoteIdent } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';
import { dropsOf, linesOf } from '../statements/moves-along.ts';
import { commandsOf, sql } from '../statements/statements.ts';
import { listed } from '../words/words.ts';

export interface WantedKey {
  readonly table: string;
  readonly kind: 'unique' | 'primary key';
  /** As it is written, or as Postgres will call it. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly nullsNotDistinct?: boolean;
  /** The columns are called so only behind the file. */
  readonly isRenamed?: boolean;
  /** ` deferrable …` */
  readonly suffix?: string;
}

/** What to do, and in SQL, with what follows it. The name may be that of a key which the file drops; a partitioned table adopts no index. */
export function adoption(
  key: WantedKey,
  context: FileContext,
  behind: readonly string[] = [],
): { readonly way: string; readonly help: string } {
  return context.set.before.tables.get(key.table)?.kind === 'partitioned'
    ? {
        way: 'Build it with CONCURRENTLY on each partition first: the parent then takes those over',
        help: partByPart(key, context),
      }
    : {
        way: `Build ${key.kind === 'unique' ? 'the index' : 'a unique index'} with CONCURRENTLY in a file of its own and adopt it`,
        help: sql(...adoptedBy(key, context, behind)),
      };
}

/**
 * The index in a file before this one, the key in its place here: statements further down need it. Null where a name has to
 * be freed first, and where no index can be adopted.
 */
export function adoptionHere(
  key: WantedKey,
  needing: readonly Statement[],
  context: FileContext,
): { readonly way: string; readonly help: string } | null {
  const { table, kind, name, suffix = '' } = key;
  if (context.set.before.tables.get(table)?.kind === 'partitioned' || holderOf(name, table, context) !== null)
    return null;
  const lines = linesOf(needing);
  return {
    way: `Build the index with CONCURRENTLY in a file before this one and adopt it here, where ${lines.length === 1 ? `line ${lines[0]} needs` : `lines ${listed(lines)} need`} the key at once`,
    help: sql(
      '-- in a file of its own before this one',
      `create unique index concurrently ${quoteIdent(name)} on ${table} ${listOf(key)}${nullsOf(key)};`,
      '-- here, in the place of this statement',
      `alter table ${table} add constraint ${quoteIdent(name)} ${kind} using index ${quoteIdent(name)}${suffix};`,
    ),
  };
}

/** The index, and in the next migration the key that adopts it. */
export function adoptedBy(
  key: WantedKey,
  context: FileContext,
  behind: readonly string[] = [],
): readonly string[] {
  const { table, kind, name, suffix = '' } = key;
  const held = holderOf(name, table, context);
  const index = quoteIdent(held === null ? name : `${name.slice(0, 59)}_new`);
  const other = kind === 'primary key' ? otherKeyDropped(name, table, context) : null;
  return [
    ...(key.isRenamed ? ['-- in a later file, under the name that the column has by then'] : []),
    `create unique index concurrently ${index} on ${table} ${listOf(key)}${nullsOf(key)};`,
    held === null && other === null
      ? '-- in the next migration'
      : '-- in the next migration; until then the old one holds, and is not dropped before',
    ...(held === 'index' ? [`drop index ${splitKey(table)[0]}.${quoteIdent(name)};`] : []),
    `alter table ${table}${other === null ? '' : ` drop constraint if exists ${quoteIdent(other)},`}${held === 'constraint' || held === 'perhaps' ? ` drop constraint ${held === 'perhaps' ? 'if exists ' : ''}${quoteIdent(name)},` : ''} add constraint ${quoteIdent(name)} ${kind} using index ${index}${suffix};`,
    ...behind,
  ];
}

/** The primary key before the change, which bears another name and is dropped by the file. */
function otherKeyDropped(name: string, table: string, context: FileContext): string | null {
  const old = context.set.before.tables.get(table)?.primaryKey?.name;
  return old === undefined || old === name || dropsOf(old, table, context).length === 0 ? null : old;
}

function partByPart(key: WantedKey, { set }: FileContext): string {
  const parts = [...set.before.tables.values()].filter(({ parent }) => parent === key.table);
  const part = parts[0]?.key ?? '…';
  const index = quoteIdent(`${parts[0]?.name ?? 'part'}_${key.kind === 'unique' ? 'new_key' : 'new_pkey'}`);
  return sql(
    parts.length > 1 ? `-- for this one and ${parts.length - 1} more partitions` : '-- for each partition',
    `create unique index concurrently ${index} on ${part} ${listOf(key)}${nullsOf(key)};`,
    '-- in the next migration',
    `alter table ${part} add constraint ${index} ${key.kind} using index ${index};`,
    '-- then the parent builds nothing',
    `alter table ${key.table} add constraint ${quoteIdent(key.name)} ${key.kind}${nullsOf(key)} ${listOf(key)};`,
  );
}

const listOf = ({ columns }: WantedKey) => `(${columns.map(quoteIdent).join(', ')})`;

const nullsOf = ({ nullsNotDistinct }: WantedKey) => (nullsNotDistinct ? ' nulls not distinct' : '');

/** What bears the name before the change: the file drops it and gives its name to the new one. */
function holderOf(
  name: string,
  table: string,
  { set, statements, keyOf }: FileContext,
): 'constraint' | 'index' | 'perhaps' | null {
  const before = set.before.tables.get(table);
  const keys = [before?.primaryKey, ...(before?.uniques ?? []), ...(before?.exclusions ?? [])];
  if (keys.some((held) => held?.name === name)) return 'constraint';
  if (before?.indexes.some((held) => held.name === name)) return 'index';
  if (before !== undefined && before.unknown.length === 0) return null;
  // No migration tells all of the table: DROP CONSTRAINT IF EXISTS says that it may be there.
  const isDropped = statements.some(
    ({ kind, node }) =>
      kind === 'AlterTableStmt' &&
      keyOf(node.relation) === table &&
      commandsOf(node).some((command) => command.subtype === 'AT_DropConstraint' && command.name === name),
  );
  return isDropped ? 'perhaps' : null;
}
