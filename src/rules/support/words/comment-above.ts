/** What a file's comments say of a policy: its author knows who asks, where the name does not tell. */
import type { Facts } from '../../../model/facts.ts';
import type { Origin } from '../../../model/schema.ts';
import type { SourceFile, Statement } from '../../../model/sql.ts';

/**
 * The comment right above the statement, or above the row of policies that it stands in, past a DROP of what it makes; empty
 * where there is none.
 */
export function commentAbove(origin: Origin, facts: Facts): string {
  const isInRow = (before: Statement | undefined, own: Statement) =>
    before?.kind === 'CreatePolicyStmt' ||
    (isView.test(own.kind) ? dropsView : dropsPolicy).test(before?.sql ?? '');
  for (const comments of goingUp(origin, facts, isInRow)) if (comments.length > 0) return plain(comments);
  return '';
}

const isView = /^(View|CreateTableAs)Stmt$/;
const dropsView = /^drop\s+(materialized\s+)?view\b/i;
const dropsPolicy = /^drop\s+policy\b/i;

/** The comment right above the statement, inside it, and behind it on its last line. */
export function commentAt(origin: Origin, facts: Facts): string {
  const source = origin === null ? undefined : facts.sources.get(origin.file);
  if (origin === null || source === undefined) return '';
  const own = source.statements[indexAt(source, origin.line)];
  const beside = source.comments.filter(
    ({ start }) => own !== undefined && start >= own.start && source.position(start).line <= own.span.endLine,
  );
  return `${commentAbove(origin, facts)} ${plain(beside.map(({ text }) => text))}`;
}

/**
 * The comment above a whole section of policies, in which each table has a label of its own ("Sales") at most; empty where
 * what stands above the policy says more than that.
 */
export function headingAbove(origin: Origin, facts: Facts): string {
  const isInSection = (before: Statement | undefined) => ofPolicies.test(before?.sql ?? '');
  for (const comments of goingUp(origin, facts, isInSection)) {
    // A heading may stand right above the first label.
    for (const text of comments.toReversed()) {
      const said = plain([text]);
      if (said.split(' ').length > longestLabel) return said;
    }
  }
  return '';
}

/** The comments before the statement, then those before the one above it, as long as that belongs to the same row. */
function* goingUp(
  origin: Origin,
  { sources }: Facts,
  goesOn: (before: Statement | undefined, own: Statement) => boolean,
): Generator<readonly string[]> {
  const source = origin === null ? undefined : sources.get(origin.file);
  if (origin === null || source === undefined) return;
  const { statements } = source;
  const own = indexAt(source, origin.line);
  for (let at = own; at >= Math.max(0, own - mostPolicies); at -= 1) {
    const [from, to] = [statements[at - 1]?.end ?? 0, statements[at]!.start];
    yield source.comments.filter(({ start, end }) => start >= from && end <= to).map(({ text }) => text);
    if (!goesOn(statements[at - 1], statements[own]!)) return;
  }
}

const longestLabel = 3;
const ofPolicies =
  /^\s*(create\s+policy|drop\s+policy|alter\s+table\s[^;]*\b(enable|force)\s+row\s+level\s+security)\b/i;

/** A row of policies under one comment is no longer. */
const mostPolicies = 40;

/** That one, and the file's header. */
export function commentsOf(origin: Origin, facts: Facts): string {
  const source = origin === null ? undefined : facts.sources.get(origin.file);
  const first = source?.statements[0]?.start ?? 0;
  const header = source?.comments.filter(({ end }) => end <= first).map(({ text }) => text) ?? [];
  return `${plain(header)} ${commentAbove(origin, facts)}`;
}

const indexAt = ({ statements }: SourceFile, line: number) =>
  statements.findIndex(({ span }) => span.line <= line && line <= span.endLine);

const plain = (comments: readonly string[]) =>
  comments
    .map((text) => text.replace(/^(--+|\/\*+)|\*\/$/g, ''))
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();

/** Strangers are meant, whatever the name says: "allow the anon key to insert". */
export const isSaidForStrangers = (origin: Origin, facts: Facts): boolean => {
  const said = commentAbove(origin, facts);
  return strangers.test(said) && !denied.test(said);
};

/** The role itself is named in it, in whatever language: "anon 키로 수정 허용". */
export const namesAnonRole = (origin: Origin, facts: Facts): boolean => {
  const said = commentAbove(origin, facts);
  return /(?<![\w-])anon(?![\w-])/i.test(said) && !denied.test(said);
};

/**
 * That visitors change what is there is on purpose: "intentional as the app is designed for anonymous usage". It is said
 * of the policies of one table that stand in a row.
 */
export const isSaidForAnonymousUse = (origin: Origin, facts: Facts): boolean => {
  const isInRow = (before: Statement | undefined, own: Statement) =>
    before !== undefined && tableOfPolicy(before) !== null && tableOfPolicy(before) === tableOfPolicy(own);
  for (const comments of goingUp(origin, facts, isInRow)) {
    if (comments.length === 0) continue;
    const said = plain(comments);
    return onPurpose.test(said) && byVisitors.test(said) && changing.test(said) && !doubted.test(said);
  }
  return false;
};

function tableOfPolicy({ kind, sql }: Statement): string | null {
  if (kind !== 'CreatePolicyStmt' && !dropsPolicy.test(sql)) return null;
  const [, name] =
    /^\w+\s+policy\s+(?:if\s+exists\s+)?(?:"(?:[^"]|"")*"|\S+)\s+on\s+([\w."$]+)/i.exec(sql) ?? [];
  return name?.replace(/"/g, '').replace(/^public\./, '') ?? null;
}

const onPurpose =
  /\b(intentional(ly)?|intended|deliberate(ly)?|on purpose|by design|designed (for|to be))\b/i;
const byVisitors =
  /\b(anonymous|anon) (usage|use|users?|visitors?|access|writes?|clients?)\b|\b(public(ly)?)\b[^.;]{0,30}\b(writ\w+|edit\w*|updat\w+|delet\w+)\b|\b(no|without) (an? )?(auth\w*|accounts?|log-?ins?|sign-?ins?)\b/i;
const changing =
  /\b(usage|use|writ(e|es|able|ing)|insert\w*|updat\w*|delet\w*|modif\w*|edit\w*|manage\w*|crud|full access)\b/i;
const doubted =
  /\b(not|never|only|temporar\w*|todo|fixme|testing|debug\w*|dev(elopment)?|insecure|unsafe|should|must|until|service[ _-]?role)\b/i;

/** The server is meant, where the name alone may mean anything: "system can create tickets (via service role)". */
export const isSaidForServer = (origin: Origin, facts: Facts): boolean =>
  /\b(via|by|with|through|using|only|for|as) (the )?service[ _-]?(role|key)\b|\bservice[ _-]?(role|key) (only|can|may|bypass\w*|inserts?|creates?|writes?)\b/i.test(
    commentAbove(origin, facts),
  );

/**
 * Those who work in the project's own tool are meant: the file is one of the tool's, or the comment says that a permission
 * is asked for, if only in the application.
 */
export const isSaidForStaff = (origin: Origin, facts: Facts): boolean =>
  origin !== null &&
  (/(^|\/)\d*_?(admin|staff|back_?office)_[^/]*$/i.test(origin.file) ||
    /\b(permissions?|roles?) (is |are )?(check\w*|enforce\w*|verified)\b|\b(admins?|staff|employees|operators) (only|alone|can|may|tool)\b|\bonly (for |by )?(admins?|staff|employees)\b/i.test(
      commentAbove(origin, facts),
    ));

const strangers =
  /\banon(ymous)?[ _-]?(key|role|users?|clients?|visitors?|inserts?|access)\b|\b(from|in|by) the (browser|client|frontend|app)\b|\bclient[- ]side\b|\b(allow\w*|lets?|for) (\w+ )?(visitors|guests|anyone|everyone|clients)\b|\bunauthenticated\b/i;
const denied =
  /\b(not|no|never|block\w*|den(y|ies|ied)|prevent\w*|revoke\w*|only|instead of)\b[^.;]{0,50}\b(anon|visitors|guests|clients?|browser|unauthenticated)|\b(anon|visitors|guests|clients?|browser|unauthenticated)\b[^.;]{0,50}\b(can ?not|can['’]t|must not|may not|never|not)\b/i;

/** All may read, without an account: "public read access for shared pictures". */
export const isSaidPublic = (origin: Origin, facts: Facts): boolean => {
  const said = commentAbove(origin, facts);
  return (
    /\b(public(ly)?|any(one|body)|every(one|body)) ((can|may|to) )?(read\w*|view\w*|see\w*|access\w*|download\w*|visible|available)\b|\b(read\w*|view\w*|visible|download\w*|access\w*) (by|for|to) (the )?(public|any(one|body)|every(one|body)|all visitors)\b/i.test(
      said,
    ) &&
    !denied.test(said) &&
    !/\b(not|never|no longer|non)[ -]public/i.test(said)
  );
};

/** Those who run the project are known by a password of its own, and auth.uid() is null for them. */
export const isSaidWithoutLogin = (origin: Origin, facts: Facts): boolean =>
  /\b(not|no|without|instead of|bypass\w*)( \w+){0,2} (supabase auth|auth\.uid)|\b(own|custom|password) (auth|login)\b[^.]{0,30}\bnot supabase/i.test(
    commentsOf(origin, facts),
  );
