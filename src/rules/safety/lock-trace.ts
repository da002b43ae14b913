import type { LockMode } from '../../model/replay.ts';
import type { SourceFile } from '../../model/sql.ts';
import { walkDo } from '../../sql/do.ts';
import { rule } from '../rule.ts';
import { linesOf } from '../support/statements/places.ts';
import { listed } from '../support/statements/statements.ts';
import { keyOfRangeVar } from '../support/syntax/names.ts';

const blocking: readonly LockMode[] = [
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

// Whose SQL says which table it locks: the static rules have judged them, and quick ones are no news.
const plain =
  /^(AlterTable|Drop|Index|Rename|CreatePolicy|AlterPolicy|CreateTrig|Truncate|AlterObjectSchema|Comment|RefreshMatView|Reindex|Cluster|Vacuum|Lock|View|CreateStmt|Rule|AlterOwner|Grant)/;

/** Tables that the statements written out in a DO block name: the static rules have judged those. */
function relationsIn(source: SourceFile | undefined, index: number): ReadonlySet<string> {
  const statement = source?.statements[index];
  if (source === undefined || statement === undefined) return new Set();
  const relations = walkDo(source, statement).map(({ statement: { node } }) => node.relation ?? node.table);
  return new Set(relations.filter((relation) => relation !== undefined).map(keyOfRangeVar));
}

export default rule({
  id: 'safety/lock-trace',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['replay'],
  summary: 'a lock or a rewrite that was seen, where the SQL does not show it',
  why: 'A DO block, a function call or an extension can lock and rewrite tables that its text does not name. The replay looks into pg_locks and at the files of the tables after each statement.',
  remedy:
    'See that the table may be locked as long as the file runs, or move the statement into a migration of its own.',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/explicit-locking.html#LOCKING-TABLES',
    'https://www.postgresql.org/docs/17/view-pg-locks.html',
  ],
  fixable: false,
  backs: [
    'safety/change-type',
    'safety/volatile-default',
    'safety/stored-generated',
    'safety/serial-column',
    'safety/set-logged',
    'safety/vacuum-full',
    'safety/cluster',
    'safety/truncate',
  ],
  facts({ facts, report }) {
    for (const run of facts.replay?.runs ?? []) {
      for (const { index, line, endLine, kind, locks, rewrites } of run.statements) {
        const shown = kind === 'DoStmt' ? relationsIn(facts.sources.get(run.path), index) : new Set<string>();
        const locked = plain.test(kind)
          ? []
          : locks.filter(({ mode, relation }) => blocking.includes(mode) && !shown.has(relation));
        const names = [...new Set([...rewrites, ...locked.map(({ relation }) => relation)])];
        if (names.length === 0) continue;
        const modes = [...new Set(locked.map(({ mode }) => mode))];
        const seen = [
          ...(rewrites.length > 0 ? ['written anew'] : []),
          ...modes.map((mode) => `locked in ${mode}`),
        ];
        report({
          message: `The replay saw ${listed(names)} ${seen.join(' and ')} by this statement. ${rewrites.length > 0 ? 'Reads and writes wait as long as the table is big' : 'The lock is kept until the file is through'}. See that it may be locked that long.`,
          at: linesOf(run.path, line, endLine),
          object: names[0]!,
          key: `${run.path} ${kind} ${names.join(' ')}`,
        });
      }
    }
  },
});
