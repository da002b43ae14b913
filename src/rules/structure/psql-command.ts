import type { Place } from '../../model/finding.ts';
import { rule } from '../rule.ts';

const foreign =
  /^copy\s[^;]*?\sfrom\s+stdin\b[^;]*;|^\\(?:c|connect|copy|d\w*|e|echo|gexec|gset|g|i|if|elif|else|endif|include|include_relative|ir|l|o|pset|q|qecho|restrict|set|timing|unrestrict|unset|warn|x|\.|!)(?=\s|$|;)/gim;

export default rule({
  id: 'structure/psql-command',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'a command of psql, or data of COPY … FROM stdin',
  why: 'Lines that begin with a backslash are read by psql and never reach the server; the Supabase CLI sends them, and Postgres answers with a syntax error. COPY … FROM stdin waits for data in another protocol mode. pg_dump writes both.',
  remedy:
    'Remove the line; write data as INSERT.\n\n```sh\npg_dump --inserts …\nnpx supabase db dump --data-only\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/app-psql.html',
    'https://www.postgresql.org/docs/17/sql-copy.html',
  ],
  fixable: false,
  file({ source, placeOfRange, placeOf, report }) {
    const say = (key: string, message: string, at: Place) =>
      report({ message, at, object: source.path, key, causes: ['structure/syntax'] });
    const copyMessage =
      'COPY … FROM stdin reads its rows from the client, and the Supabase CLI sends none. The file fails here. Write the rows as INSERT.';
    const statement = source.statements.find(
      ({ kind, node }) =>
        kind === 'CopyStmt' &&
        node.is_from === true &&
        node.filename === undefined &&
        node.is_program !== true,
    );
    if (statement !== undefined) {
      say('copy', copyMessage, placeOf(statement));
      return;
    }
    // Where the file parses, a backslash at the beginning of a line stands in a string.
    if (source.issue === null) return;
    const taken = [...source.statements, ...source.comments];
    for (const match of source.text.matchAll(foreign)) {
      const { index, 0: text } = match;
      if (taken.some(({ start, end }) => index >= start && index < end)) continue;
      const at = placeOfRange(index, index + text.length);
      if (text.startsWith('\\')) {
        const message = `"${text}" is a command of psql and no SQL. The Supabase CLI sends it to Postgres, which answers with a syntax error. Remove the line.`;
        say(text, message, at);
      } else say('copy', copyMessage, at);
      return;
    }
  },
});
