import type { MigrationError } from '../../model/replay.ts';
import { rule } from '../rule.ts';
import { linesOf } from '../support/statements/places.ts';

export default rule({
  id: 'replay/failed',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['replay'],
  summary: 'a statement of a changed migration that fails in Postgres',
  why: 'The migration was run on a Postgres that holds what Supabase installs and all migrations before it, as the role the Supabase CLI uses. What fails there fails on deployment: nothing of the file is applied, and every later migration waits.',
  remedy: 'Correct the statement.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/errcodes-appendix.html'],
  fixable: false,
  // Where the SQL alone tells the reason, that finding tells it better, and this one proves it.
  backs: [
    'extensions/unavailable',
    'safety/concurrent-in-transaction',
    'safety/enum-value',
    'safety/not-null-without-default',
    'structure/duplicate-column',
    'structure/psql-command',
  ],
  facts({ facts, report, preexisting }) {
    for (const { path, error, statements } of facts.replay?.runs ?? []) {
      // Time limits and what can't be checked have rules of their own.
      if (error === null || error.sqlstate === '57014') continue;
      // The parser found it first, and at the same place.
      if (facts.sources.get(path)?.issue != null) continue;
      // Not a statement of the file but its entry in the history: history/duplicate-version says it better.
      if (error.message.includes('"schema_migrations_pkey"')) continue;
      const failed = statements.find(({ status }) => status === 'failed');
      const at = { ...linesOf(path, error.line, failed?.endLine ?? error.line), column: error.lineColumn };
      const say = error.alsoOnBase ? preexisting : report;
      say({
        message: `Postgres refuses this: ${error.message} (SQLSTATE ${error.sqlstate}). Nothing of the file is applied, and every later migration waits behind it. ${todo(error)}`,
        at,
        object: path,
        key: error.sqlstate,
        help: details(error),
        repro:
          failed === undefined
            ? undefined
            : statementText(facts.sources.get(path)?.statements[failed.index]?.sql),
      });
    }
  },
});

function statementText(text: string | undefined): string | undefined {
  return text === undefined || text.length > 4000 ? undefined : `${text};`;
}

/** What the message does not say already. */
function details(error: MigrationError): string | undefined {
  const parts = [
    ...(error.detail === null ? [] : [`DETAIL: ${error.detail}`]),
    ...(error.where === null ? [] : [`CONTEXT: ${error.where}`]),
  ];
  return parts.length === 0 ? undefined : `\`\`\`\n${parts.join('\n')}\n\`\`\``;
}

/** What usually helps, by SQLSTATE. */
function todo({ sqlstate, hint, message }: MigrationError): string {
  if (hint !== null) return `Postgres' hint: ${hint}`;
  switch (sqlstate) {
    case '42P01':
    case '42703':
    case '42883':
    case '42704':
    case '3F000':
      return 'Create what is missing in an earlier migration, or correct the name.';
    case '42P07':
    case '42710':
    case '42701':
    case '42P06':
      return 'It exists already: drop this statement, or say IF NOT EXISTS where what exists is the same.';
    case '42501':
      return /must be owner/.test(message)
        ? 'That object belongs to Supabase, and migrations run as "postgres": leave it as it is.'
        : 'Migrations run as "postgres", which is no superuser: find a way that needs no more.';
    case '23505':
    case '23503':
    case '23502':
    case '23514':
      return 'Mend the rows before this statement.';
    case '55P04':
      return 'Use the new value in the next migration.';
    case '25001':
      return 'Move the statement into a migration file of its own.';
    case '42P13':
    case '42P16':
      return 'Drop the old one first, in the same file.';
    default:
      return 'Correct the statement.';
  }
}
