import type { SyntaxNode } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';
import { isVerbatim } from '../support/statements/statements.ts';
import { bare, constantOf, visitTree } from '../support/syntax/tree.ts';

// Bounded as RFC 5321 bounds them (4.5.3.1), so that a literal of a megabyte is passed over in one sweep.
const email = /(?<![a-z0-9._%+-])[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}/gi;
// E.164 within quotes, as applications store it.
const phone = /'(\+[1-9]\d{9,14})'/g;
const reservedDomain =
  /@(?:[\w-]+\.)*(?:example\.(?:com|org|net|edu)|example|test|invalid|local|localhost|internal)$/i;
/** Addresses of a function, not of a person: `info@`, `demo.user@`. */
const mailbox =
  /^(?:(?:no-?reply|do-?not-?reply|support|info|admin|administrator|hello|hi|contact|sales|team|security|billing|help|office|mail|postmaster|webmaster|abuse|legal|privacy|jobs|system|test|demo|user|dev|root|notifications?|alerts?|service|accounts?|orders?|invoices?|accounting|finance|marketing|press|feedback|deleted|removed|anonymous|anonymi[sz]ed|ghost|unknown|nobody|placeholder|bot|robot|guest|example|sample)[._+-]?)+\d*@/i;

const providers =
  /@(gmail|googlemail|outlook|hotmail|live|msn|yahoo|ymail|icloud|me|mac|aol|gmx|web|proton|protonmail|pm|fastmail|zoho|mail|yandex|qq|163|126|naver|daum|libero|orange|wanadoo|free|laposte|uol|bol|terra)\.(com|net|org|me|de|fr|it|br|ru|co\.\w\w|com\.\w\w|\w\w)$/i;

const people =
  /user|profile|customer|client|contact|member|employee|people|person|patient|lead|admin|staff|subscriber|guest|account|invit|attendee|student|teacher|owner|author|participant|waitlist|whitelist|allowlist/i;

export default rule({
  id: 'integrity/personal-data',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'an e-mail address or a phone number of a person in data',
  why: "A migration stays in the repository and in the history table of every database, preview branches included. A request to delete somebody's data does not reach it.",
  remedy:
    "Put test data into `supabase/seed.sql` with addresses of example.com; find a real account by what it is.\n\n```sql\nupdate public.profiles set role = 'admin'\nwhere id = (select value::uuid from public.settings where key = 'first_admin');\n```",
  since: '0.1.0',
  sources: ['https://www.rfc-editor.org/rfc/rfc2606'],
  fixable: false,
  file(context) {
    for (const statement of context.statements) {
      if (!/^(Insert|Update|Delete|Merge|Copy)/.test(statement.kind)) continue;
      const lookedUp = comparedWith(statement.node);
      const found = [
        ...[...statement.sql.matchAll(email)].filter(
          ([text]) => !reservedDomain.test(text) && !mailbox.test(text) && !lookedUp.has(text),
        ),
        ...[...statement.sql.matchAll(phone)].filter(
          ([, number]) => !/555\d{4,}$|^\+?(\d)\1+$|1234567|0000000/.test(number!),
        ),
      ].sort((a, b) => a.index - b.index);
      const [first] = found;
      if (first === undefined) continue;
      const others = new Set(found.map(([text]) => text)).size - 1;
      const start = statement.start + first.index;
      const relation = statement.node.relation;
      // Addresses of a company's own domain are as often made up as real: those of a mailbox provider are somebody's.
      const ofPeople =
        (people.test(relation?.relname ?? '') || relation?.schemaname === 'auth') &&
        found.some(([text]) => providers.test(text));
      const inComments =
        isVerbatim(context, statement) &&
        found.every(({ index }) => isInComment(statement.start + index, context));
      const stand = `${others > 0 ? ` and ${others} more stand` : ' stands'} in ${inComments ? (others > 0 ? 'comments' : 'a comment') : 'this migration'}`;
      context.report({
        message: `${first[0].includes('@') ? 'An e-mail address' : 'A phone number'}${stand}${inComments ? ' of this migration' : ''}. It stays in the repository and in every database's history, whatever its owner asks. ${inComments ? `Delete ${others > 0 ? 'them' : 'it'} there: no statement needs ${others > 0 ? 'them' : 'it'}` : "Keep people's data out of migrations"}.`,
        at: isVerbatim(context, statement)
          ? context.placeOfRange(start, start + first[0].length)
          : context.placeOf(statement),
        object: relation === undefined ? null : context.keyOf(relation),
        // The number of a laboratory, the address below the terms of use, a persona of a demo: nobody's private matter.
        ...(ofPeople ? {} : { severity: 'info' as const }),
        ...(inComments ? { help: 'Delete it from the comments: the statement stays as it is.' } : {}),
      });
      // Whoever takes out one looks at the others.
      if (ofPeople) return;
    }
  },
});

const isInComment = (offset: number, { source }: FileContext) =>
  source.comments.some(({ start, end }) => start <= offset && offset < end);

/** Strings that a column is only compared with: the row is looked for, and nothing is stored. */
function comparedWith(root: SyntaxNode): ReadonlySet<string> {
  const compared = new Set<string>();
  visitTree(root, (kind, node) => {
    if (kind !== 'A_Expr') return true;
    const sides = [node.lexpr, node.rexpr].map(bare);
    if (!sides.some((side) => side?.ColumnRef !== undefined)) return true;
    for (const item of [sides[1], ...(node.rexpr?.List?.items ?? [])]) {
      const text = constantOf(item ?? null);
      if (typeof text === 'string') compared.add(text);
    }
    return true;
  });
  return compared;
}
