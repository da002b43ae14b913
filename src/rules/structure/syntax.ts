import { rule } from '../rule.ts';

export default rule({
  id: 'structure/syntax',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'Postgres can not parse the file',
  why: 'The Supabase CLI sends the file to Postgres, which parses it with this very grammar and refuses it. Nothing of the file is applied, and every later migration waits behind it.',
  remedy: 'Correct the SQL at the position that is named.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-syntax.html'],
  fixable: false,
  file({ source, report }) {
    if (source.issue === null) return;
    const { message, span } = source.issue;
    report({
      message: `Postgres can't parse this: ${message}. The whole file fails and nothing of it is applied. Correct the SQL here; the rest of the file is judged then.`,
      at: { file: source.path, ...span },
      help: adviceFor(source.text.slice(0, 400_000), message),
    });
  },
});

/** Mistakes that real migrations hold again and again, each with what works instead. */
function adviceFor(text: string, message: string): string | undefined {
  if (text.includes('\0')) {
    return 'The file holds NUL bytes: it is UTF-16, or no text at all. Save it as UTF-8.';
  }
  if (/near "NOT"/i.test(message) && /create\s+policy\s+if\s+not\s+exists/i.test(text)) {
    return 'CREATE POLICY has no IF NOT EXISTS. Write instead:\n\n```sql\ndrop policy if exists "name" on public.t;\ncreate policy "name" on public.t for select to authenticated using (…);\n```';
  }
  if (/near "NOT"/i.test(message) && /create\s+type\s+if\s+not\s+exists/i.test(text)) {
    return "CREATE TYPE has no IF NOT EXISTS. Write instead:\n\n```sql\ndo $$ begin\n  create type public.mood as enum ('happy', 'sad');\nexception when duplicate_object then null;\nend $$;\n```";
  }
  if (/near "NOT"/i.test(message) && /add\s+constraint\s+if\s+not\s+exists/i.test(text)) {
    return 'ADD CONSTRAINT has no IF NOT EXISTS. Write instead:\n\n```sql\nalter table public.t drop constraint if exists name;\nalter table public.t add constraint name …;\n```';
  }
  if (/near "`/.test(message)) {
    return 'The file is wrapped in a Markdown fence. Remove the lines that hold ```.';
  }
  if (/near "\\"/.test(message)) {
    return 'A line that starts with a backslash is a command of psql, not SQL. Remove it.';
  }
  if (/near "<<|near "=======|near ">>/.test(message)) {
    return 'The file holds the marks of an unresolved merge conflict. Resolve it.';
  }
  return undefined;
}
