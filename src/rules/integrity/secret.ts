import type { Severity } from '../../model/finding.ts';
import { splitKey } from '../../sql/fold/table-access.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { type FileContext, rule } from '../rule.ts';

interface Kind {
  readonly pattern: RegExp;
  readonly name: string;
}

// Shapes that the providers document; each is long enough that prose does not match.
const kinds: readonly Kind[] = [
  { name: 'a Supabase secret key', pattern: /\bsb_secret_[A-Za-z0-9_-]{20,}/g },
  { name: 'a Supabase access token', pattern: /\bsbp_[0-9a-f]{40}\b/g },
  { name: 'a private key', pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/g },
  { name: 'a Stripe secret key', pattern: /\b[sr]k_live_[0-9A-Za-z]{16,}/g },
  { name: 'a Stripe webhook secret', pattern: /\bwhsec_[0-9A-Za-z+/=]{24,}/g },
  { name: 'an OpenAI key', pattern: /\bsk-(?:proj-|svcacct-)[A-Za-z0-9_-]{20,}|\bsk-[A-Za-z0-9]{40,}\b/g },
  { name: 'an Anthropic key', pattern: /\bsk-ant-[A-Za-z0-9_-]{20,}/g },
  { name: 'an AWS access key', pattern: /\bAKIA[0-9A-Z]{16}\b/g },
  { name: 'a Google API key', pattern: /\bAIza[0-9A-Za-z_-]{35}\b/g },
  { name: 'a GitHub token', pattern: /\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{40,}/g },
  { name: 'a Slack token', pattern: /\bxox[abprs]-[0-9A-Za-z-]{20,}/g },
  {
    name: 'a Slack webhook',
    pattern: /hooks\.slack\.com\/services\/T[A-Z0-9]+\/B[A-Z0-9]+\/[A-Za-z0-9]{20,}/g,
  },
  { name: 'a SendGrid key', pattern: /\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}/g },
  { name: 'a Resend key', pattern: /\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}/g },
  { name: 'a Twilio key', pattern: /\bSK[0-9a-f]{32}\b/g },
];

const url =
  /\b(?:postgres(?:ql)?|mysql|redis|amqps?|mongodb(?:\+srv)?|https?):\/\/[^\s:/@'"<>]+:([^\s@'"<>/]{3,})@[\w.-]+/g;
const jwt = /\beyJ[A-Za-z0-9_-]{10,}\.(eyJ[A-Za-z0-9_-]{10,})\.[A-Za-z0-9_-]{10,}/g;
/** All of them at once: nearly every file holds none. */
const any = new RegExp(
  [...kinds.map(({ pattern }) => pattern), url, jwt].map(({ source }) => source).join('|'),
);
const placeholder =
  /^(?:\[|<|\$|\{|%|x{3,}|\*+|your|my|example|changeme|change-me|password|passwd|pass|secret|postgres|test|localhost)/i;

export default rule({
  id: 'integrity/secret',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'a key, token or password in the file',
  why: 'A migration is kept for ever: in the repository, in every clone and fork, and in "supabase_migrations.schema_migrations" of every database. Whoever can read one of them has the key. A service-role key passes every policy.',
  remedy:
    "Revoke the key, then keep the new one in Vault.\n\n```sql\nselect decrypted_secret from vault.decrypted_secrets where name = 'stripe';\n```\n\nWhat only an Edge Function reads is kept with `supabase secrets set STRIPE_KEY=…`.",
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/vault',
    'https://supabase.com/docs/guides/api/api-keys',
  ],
  fixable: false,
  file(context) {
    const { source, placeOfRange, report } = context;
    if (!any.test(source.text)) return;
    const found = new Map<string, Found>();
    const say = (what: string, match: RegExpMatchArray, severity: Severity, more: string) => {
      const known = found.get(match[0]);
      if (known !== undefined) known.also.push(source.position(match.index!).line);
      else found.set(match[0], { what, index: match.index!, severity, more, also: [] });
    };
    const urgent = (match: RegExpMatchArray) =>
      `. The repository, every clone and the history table of every database keep it. Revoke it, and ${
        isForCode(match.index!, context)
          ? 'give the new one to the code that reads it by "supabase secrets set": no SQL of these migrations does'
          : 'read the new one from Vault'
      }.`;
    for (const { name, pattern } of kinds) {
      for (const match of source.text.matchAll(pattern)) {
        if (isPlaceholder(match[0])) continue;
        say(name, match, 'error', urgent(match));
      }
    }
    for (const match of source.text.matchAll(url)) {
      if (placeholder.test(match[1]!) || /localhost|127\.0\.0\.1|example\.(com|org)/.test(match[0])) continue;
      say('a password in a URL', match, 'error', urgent(match));
    }
    for (const match of source.text.matchAll(jwt)) {
      const claims = decode(match[1]!);
      const role = typeof claims?.role === 'string' ? claims.role : null;
      // The CLI's local stack signs with a public key, issuer "supabase-demo": no secret anywhere else.
      if (claims?.iss === 'supabase-demo') {
        const more = '. It works on no hosted project. Read the real one from Vault.';
        say('the public demo key of the local stack', match, 'info', more);
      } else if (role === 'anon') {
        const more = ', which is public. It ties the migration to one project. Read it from Vault.';
        say('an anon key', match, 'info', more);
      } else if (role === 'service_role') {
        say('a service-role key', match, 'error', urgent(match));
      } else {
        say('a signed token', match, 'error', urgent(match));
      }
    }
    for (const [text, { what, index, severity, more, also }] of found) {
      const lines = [...new Set(also)].filter((line) => line !== source.position(index).line);
      report({
        message: `This is ${what}${more}${lines.length === 0 ? '' : ` It stands in ${lines.length === 1 ? 'line' : 'lines'} ${lines.join(', ')} too.`}`,
        at: placeOfRange(index, index + text.length),
        object: source.path,
        key: what,
        severity,
      });
    }
  },
});

/** One key, wherever the file has it. */
interface Found {
  readonly what: string;
  readonly index: number;
  readonly severity: Severity;
  readonly more: string;
  readonly also: number[];
}

/** It is laid into a table or into Vault, and no function, view or other statement of the migrations reads that: only code can. */
function isForCode(index: number, { source, facts, keyOf }: FileContext): boolean {
  const statement = source.statements.find(({ start, end }) => start <= index && index < end);
  if (statement === undefined) return false;
  const into =
    statement.kind === 'InsertStmt' || statement.kind === 'UpdateStmt'
      ? splitKey(keyOf(statement.node.relation))[1]
      : /\bvault\s*\.\s*(?:create|update)_secret\b/i.test(statement.sql)
        ? 'decrypted_secrets'
        : null;
  if (into === null) return false;
  const reads = new RegExp(
    `\\b(?:from|join)\\s+(?:only\\s+)?(?:"?\\w+"?\\s*\\.\\s*)?"?${escapeRegExp(into)}\\b`,
    'i',
  );
  return ![...facts.sources.values()].some(({ text }) => reads.test(text));
}

/** `sk_live_xxxxxxxx…`, `AKIAIOSFODNN7EXAMPLE`: nothing anybody issued. */
const isPlaceholder = (text: string) =>
  /example|your[_-]|xxxx|\.\.\./i.test(text) || new Set(text.slice(-12)).size <= 3;

function decode(payload: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
