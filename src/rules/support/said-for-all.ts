/** Policies whose author wrote down that they are for all who have signed in: right above them, or above their block. */
import type { Facts } from '../../model/facts.ts';
import type { Policy } from '../../model/schema.ts';
import type { SourceFile, Statement } from '../../model/sql.ts';
import type { LeakGroup } from './leak.ts';
import { appliesTo, covers } from './roles.ts';

/** "all authenticated can CRUD", "any signed-in user may update", "(or all images for simplicity)". */
const forAll =
  /\b(all|any|every)\s+(of\s+the\s+)?(\w+\s+)?(authenticated|signed[- ]in|logged[- ]in|staff|employees?|coworkers?|team\s*(mates?|members?))\b|\bor all \w+ for simplicity\b/i;

/** Every policy that may have let it through says so; without signing in nothing is meant by that. */
export function isSaidForAll({ object, leaks, opener }: LeakGroup, facts: Facts): boolean {
  if (opener === 'off' || leaks.some(({ principal }) => principal === 'anon')) return false;
  const policies = opener === null ? policiesFor(object, leaks, facts) : [opener];
  return policies.length > 0 && policies.every((policy) => forAll.test(wordsAbove(policy, facts)));
}

function policiesFor(
  { object, kind }: LeakGroup['object'],
  leaks: LeakGroup['leaks'],
  { head }: Facts,
): Policy[] {
  const isBucket = kind === 'bucket';
  return (head.tables.get(isBucket ? 'storage.objects' : object)?.policies ?? []).filter(
    (policy) =>
      policy.permissive &&
      appliesTo(policy, 'authenticated') &&
      leaks.some(({ command }) => command !== 'execute' && covers(policy, command)) &&
      (!isBucket || [policy.using, policy.check].some((one) => one?.text.includes(`'${object}'`))),
  );
}

function wordsAbove({ origin }: Policy, { sources }: Facts): string {
  const source = sources.get(origin?.file ?? '');
  const at = source?.statements.findIndex(({ span }) => span.line === origin!.line) ?? -1;
  if (source === undefined || at === -1) return '';
  // Other policies of the block stand between: up to the first that has a comment above it.
  for (let index = at; index >= 0; index -= 1) {
    const statement = source.statements[index]!;
    if (!ofBlock(statement)) return '';
    const words = commentsAbove(source, index);
    if (words !== '') return words;
  }
  return '';
}

const ofBlock = ({ kind, sql }: Statement) =>
  kind === 'CreatePolicyStmt' || /^\s*(drop\s+policy|alter\s+table\s+\S+\s+enable\s+row)\b/i.test(sql);

function commentsAbove({ comments, statements, text }: SourceFile, index: number): string {
  const { start } = statements[index]!;
  const from = statements[index - 1]?.end ?? 0;
  return comments
    .filter((comment) => comment.start >= from && comment.end <= start)
    .map((comment) => text.slice(comment.start, comment.end))
    .join(' ')
    .replace(/[\s*-]+/g, ' ')
    .trim();
}
