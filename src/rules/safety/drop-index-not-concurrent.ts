import { type FileContext, rule } from '../rule.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { namesOf, reportLock, sql, takesExclusiveLock } from '../support/statements/statements.ts';
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
  statement: {
    DropStmt(node, statement, context) {
      if (node.removeType !== 'OBJECT_INDEX' || node.concurrent === true) return;
      for (const object of node.objects ?? []) {
        const parts = namesOf(object);
        const found = findIndex(context, parts);
        // Nothing that any migration made: IF EXISTS then does nothing, or the replay says that it fails.
        if (found === null || !found.existedBefore || context.isNew('table', found.table.key)) continue;
        if (isPlatform(found.table.schema)) continue;
        // The index of a constraint went with it, and a dropped table takes its indexes along.
        if (found.index.constraint || context.isDropped(found.table.key)) continue;
        if (isLockedAnyway(context, found.table.key)) continue;
        const again = isMadeAgain(context, parts.at(-1)!);
        reportLock(context, statement, {
          message: `Dropping index "${parts.at(-1)}" locks "${found.table.key}" against reads and writes. Every query waits until the file is through. ${again ? 'Build the new one under another name first, and drop this one then, each with CONCURRENTLY in a file of its own' : 'Drop it with CONCURRENTLY, in a file of its own'}.`,
          at: context.placeOf(statement),
          object: found.table.key,
          key: parts.at(-1)!,
          help: sql(
            ...(again ? ['-- when the new one is built'] : []),
            `drop index concurrently if exists ${spell(parts)};`,
          ),
        });
      }
    },
  },
});

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
