/** What a file's comments say of what it takes away: their author has looked, and a reviewer reads it too. */
import type { Statement } from '../../../model/sql.ts';
import type { FileContext } from '../../rule.ts';

/** The header, or the comment above the statement, says that there is nothing that could be lost. */
export const isSaidToHoldNothing = (statement: Statement, context: FileContext) =>
  nothingThere.test(saidOf(statement, context));

/** The same says that everything shall go: which rows are meant is no question. */
export const isSaidToTakeAll = (statement: Statement, context: FileContext) =>
  allShallGo.test(saidOf(statement, context));

/** The header says that the project has no users yet: nobody waits for a lock. */
export const isSaidToHaveNoUsers = ({ source }: FileContext) =>
  noUsersYet.test(
    source.comments
      .filter(({ end }) => end <= (source.statements[0]?.start ?? 0))
      .map(({ start, end }) => source.text.slice(start, end).replace(/^(--|\/\*)|\*\/$/g, ''))
      .join(' ')
      .replace(/\s+/g, ' '),
  );

const noUsersYet =
  /\bno ((external|real|live|production|paying|actual) )*(users|customers) (\w+ ){0,5}yet\b|\b(we|it|app|project|product|database) (is|are) (still )?pre-?launch\b|\bpre-?launch (assumptions?|database|project|product|state|phase)\b/i;

function saidOf({ start }: Statement, { source }: FileContext): string {
  const first = source.statements[0]?.start ?? 0;
  const behind = source.statements.findLast(({ end }) => end <= start)?.end ?? 0;
  return source.comments
    .filter((comment) => comment.end <= start && (comment.end <= first || comment.start >= behind))
    .map(({ start: from, end }) => source.text.slice(from, end).replace(/^(--|\/\*)|\*\/$/g, ''))
    .join(' ')
    .replace(/\s+/g, ' ');
}

const allShallGo =
  /\b(clean(s|ed|ing)?([ -]?up)?|delet(es?|ed|ing)|remov(es?|ed|ing)|clear(s|ed|ing)?( out)?|wip(es?|ed|ing)( out)?|purg(es?|ed|ing)|empt(y|ies|ied)|reset(s|ting)?|truncat(es?|ed|ing))( of)? (all|every|everything|the (whole|entire))\b|\bstart(s|ed|ing)? (over|fresh|afresh|anew|from scratch|clean)\b|\b(clean slate|fresh start)\b/i;

const nothingThere = new RegExp(
  [
    // "no real user data exists yet", "no rows there", "no user data references these ids yet"
    "\\b(no|zero|without any) ((real|user|users?'|production|prod|live|customer|existing|actual) )*(data|rows?|records?|users?|rows of data)\\b( \\w+){0,3} (exists?|yet|there|so far|to lose|at risk|affected)\\b",
    '\\b(0|zero) rows\\b',
    '\\b(table|column|it|they|both|all) (is|are|was|were) ((?!not |never |no )\\w+ )?empty\\b',
    "\\b(absent|missing|do(es)? not exist|(do|does)n['’]t exist|never existed|not present) (on|in|from) (\\w+ )?(prod|production|live|remote)\\b",
    '\\b(no-?op|noop) (on|in|for) (\\w+ )?(prod|production|live)\\b',
    '\\bnever (been )?(populated|filled|deployed|shipped|released|written to)\\b',
    '\\b(have|has|had) never held (any )?((real|user|production|prod|live|customer) )*(data|rows?|values?)\\b',
    '\\bfresh (deployment|database|project|install(ation)?)\\b',
    '\\bempty tables\\b',
  ].join('|'),
  'i',
);
