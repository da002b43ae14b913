/** A policy that goes back to the form it had in an earlier migration, where its file says that it does. */
import type { Facts } from '../../../model/facts.ts';
import type { Origin, SchemaState } from '../../../model/schema.ts';
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { sameShape } from '../conditions/loosening.ts';
import { opensTo } from '../conditions/truth.ts';
import { keyOfRangeVar } from '../syntax/names.ts';
import { commentsOf } from '../words/comment-above.ts';

/** File of the migration that had it so; null where none had, nothing says so, or it ties no row to the caller. */
export function formerForm(origin: Origin, state: SchemaState, facts: Facts): string | null {
  if (origin === null) return null;
  const own = facts.sources
    .get(origin.file)
    ?.statements.find(({ span }) => span.line === origin.line && span.column === origin.column);
  if (own?.kind !== 'CreatePolicyStmt' || !tiesToCaller(own.node, state)) return null;
  if (!goesBack.test(`${origin.file.replaceAll('_', ' ')} ${commentsOf(origin, facts)}`)) return null;
  const paths = facts.history.head.map(({ path }) => path);
  const earlier = paths.slice(0, Math.max(0, paths.indexOf(origin.file)));
  return (
    earlier.findLast((path) =>
      facts.sources.get(path)?.statements.some((statement) => isSamePolicy(statement, own.node)),
    ) ?? null
  );
}

/** Not the way back of the file itself, which a header may tell: "Rollback: drop column title". */
const goesBack =
  /\b(revert(s|ed|ing)?|roll(s|ed|ing)?[ -]?back(?! ?:)|restor(es?|ed|ing)|undo(es|ing)?(?! ?:)|back to)\b(?! ?:)/i;

const tiesToCaller = ({ qual, with_check: check }: SyntaxNode, state: SchemaState) =>
  [qual, check].every((node) => node === undefined || (opensTo(node) === null && looksAtCaller(node, state)));

const isSamePolicy = ({ kind, node }: Statement, own: SyntaxNode) =>
  kind === 'CreatePolicyStmt' &&
  node.policy_name === own.policy_name &&
  keyOfRangeVar(node.table) === keyOfRangeVar(own.table) &&
  ['qual', 'with_check', 'roles', 'cmd_name', 'permissive'].every((part) =>
    sameShape({ part: node[part] ?? null }, { part: own[part] ?? null }),
  );
