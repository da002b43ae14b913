import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { listed, namesOf, reportLock, sql, takesExclusiveLock } from '../support/statements/statements.ts';
import { findIndex, spell } from '../support/tables/indexes.ts';

export default rule({
  id: 'safety/drop-index-not-concurrent',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'DROP INDEX without CONCURRENTLY on a table that exists',
  why: 'DROP INDEX takes an ACCESS EXCLUSIVE lock on the table. It waits for every running query, and every later query waits behind it.',
  remedy:
    'Drop it CONCURRENTLY, in a migration file of its own.\n\n```sql\ndrop index concurrently if exists public.idx_note_user_id;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-dropindex.html'],
  fixable: false,
  file(context) {
    const byTable = new Map<string, Dropped[]>();
    for (const statement of context.statements)
      for (const dropped of droppedBy(statement, context))
        byTable.set(dropped.table, [...(byTable.get(dropped.table) ?? []), dropped]);
    for (const [table, all] of byTable) say(table, all, context);
  },
});

interface Dropped {
  readonly statement: Statement;
  readonly table: string;
  readonly parts: readonly string[];
  readonly again: boolean;
}

/** Indexes that stood before the change, and that nothing else takes along. */
function droppedBy(statement: Statement, context: FileContext): readonly Dropped[] {
  const { kind, node } = statement;
  if (kind !== 'DropStmt' || node.removeType !== 'OBJECT_INDEX' || node.concurrent === true) return [];
  return (node.objects ?? []).flatMap((object: SyntaxNode) => {
    const parts = namesOf(object);
    const found = findIndex(context, parts);
    // Nothing that any migration made: IF EXISTS then does nothing, or the replay says that it fails.
    if (found === null || !found.existedBefore || context.isNew('table', found.table.key)) return [];
    if (isPlatform(found.table.schema)) return [];
    // The index of a constraint went with it, and a dropped table takes its indexes along.
    if (found.index.constraint || context.isDropped(found.table.key)) return [];
    if (isLockedAnyway(context, found.table.key)) return [];
    return [{ statement, table: found.table.key, parts, again: isMadeAgain(context, parts.at(-1)!) }];
  });
}

/** Told once for a table: the lock of the first is held while the others go. */
function say(table: string, all: readonly Dropped[], context: FileContext) {
  const [first] = all as [Dropped];
  const names = all.map(({ parts }) => parts.at(-1)!);
  const isOne = all.length === 1;
  const again = all.some((each) => each.again);
  reportLock(context, first.statement, {
    message: `Dropping ${isOne ? 'index' : `${all.length} indexes,`} ${listed(names)}${isOne ? '' : ','} locks "${table}" against reads and writes. Every query waits until the file is through. ${again ? `Build the new one under another name first, and drop ${isOne ? 'this one' : 'the old one'} then, each with CONCURRENTLY in a file of its own` : `Drop ${isOne ? 'it' : 'them'} with CONCURRENTLY, ${isOne ? '' : 'each '}in a file of its own`}.`,
    at: context.placeOf(first.statement),
    object: table,
    key: names.join(' '),
    help: sql(
      ...all.flatMap((each) => [
        ...(each.again ? ['-- when the new one is built'] : []),
        `drop index concurrently if exists ${spell(each.parts)};`,
      ]),
    ),
  });
}

/** The file builds an index that takes over the name. */
const isMadeAgain = ({ statements }: FileContext, name: string) =>
  statements.some(({ kind, node }) => kind === 'IndexStmt' && node.idxname === name);

/** The file renames or alters the table under the same lock: CONCURRENTLY would win nothing. */
const isLockedAnyway = ({ statements, keyOf }: FileContext, table: string) =>
  statements.some(({ kind, node }) =>
    kind === 'RenameStmt'
      ? /^OBJECT_(TABLE|COLUMN)$/.test(node.renameType) && keyOf(node.relation) === table
      : kind === 'AlterTableStmt' && keyOf(node.relation) === table && takesExclusiveLock(node),
  );
