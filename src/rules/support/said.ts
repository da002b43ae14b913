/** What a file's comments say of what it takes away: their author has looked, and a reviewer reads it too. */
import type { Statement } from '../../model/sql.ts';
import type { FileContext } from '../rule.ts';

/** The header, or the comment above the statement, says that there is nothing that could be lost. */
export function isSaidToHoldNothing({ start }: Statement, { source }: FileContext): boolean {
  const first = source.statements[0]?.start ?? 0;
  const behind = source.statements.findLast(({ end }) => end <= start)?.end ?? 0;
  const near = source.comments
    .filter((comment) => comment.end <= start && (comment.end <= first || comment.start >= behind))
    .map(({ start: from, end }) => source.text.slice(from, end).replace(/^(--|\/\*)|\*\/$/g, ''))
    .join(' ')
    .replace(/\s+/g, ' ');
  return nothingThere.test(near);
}

const nothingThere = new RegExp(
  [
    // "no real user data exists yet", "no rows there", "no user data references these ids yet"
    "\\b(no|zero|without any) ((real|user|users?'|production|prod|live|customer|existing|actual) )*(data|rows?|records?|users?|rows of data)\\b( \\w+){0,3} (exists?|yet|there|so far|to lose|at risk|affected)\\b",
    '\\b(0|zero) rows\\b',
    '\\b(table|column|it|they|both|all) (is|are|was|were) ((?!not |never |no )\\w+ )?empty\\b',
    "\\b(absent|missing|do(es)? not exist|(do|does)n['’]t exist|never existed|not present) (on|in|from) (\\w+ )?(prod|production|live|remote)\\b",
    '\\b(no-?op|noop) (on|in|for) (\\w+ )?(prod|production|live)\\b',
    '\\bnever (been )?(populated|filled|deployed|shipped|released|written to)\\b',
    '\\bfresh (deployment|database|install(ation)?)\\b',
  ].join('|'),
  'i',
);
