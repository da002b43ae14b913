import { rule } from '../rule.ts';

const commands =
  /^\\(?:c|connect|copy|d\w*|e|echo|gexec|gset|g|i|if|elif|else|endif|include|include_relative|ir|l|o|pset|q|qecho|restrict|set|timing|unrestrict|unset|warn|x|\.|!)(?=\s|$|;)/gm;

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
    for (const statement of source.statements) {
      if (statement.kind !== 'CopyStmt' || statement.node.is_from !== true) continue;
      if (statement.node.filename !== undefined || statement.node.is_program === true) continue;
      report({
        message:
          'COPY … FROM stdin reads its rows from the client, and the Supabase CLI sends none. The file fails here. Write the rows as INSERT.',
        at: placeOf(statement),
        object: source.path,
        key: 'copy',
        causes: ['structure/syntax'],
      });
      return;
    }
    // Where the file parses, a backslash at the beginning of a line stands in a string.
    if (source.issue === null) return;
    const strings = source.statements.map(({ start, end }) => [start, end] as const);
    commands.lastIndex = 0;
    for (let match = commands.exec(source.text); match !== null; match = commands.exec(source.text)) {
      const { index } = match;
      if (strings.some(([start, end]) => index >= start && index < end)) continue;
      if (source.comments.some(({ start, end }) => index >= start && index < end)) continue;
      report({
        message: `"${match[0]}" is a command of psql and no SQL. The Supabase CLI sends it to Postgres, which answers with a syntax error. Remove the line.`,
        at: placeOfRange(index, index + match[0].length),
        object: source.path,
        key: match[0],
        causes: ['structure/syntax'],
      });
      return;
    }
  },
});
