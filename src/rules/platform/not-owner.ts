import { rule } from '../rule.ts';
import { isPlatform } from '../support/callers/roles.ts';

const remedy = `What the platform allows in its schemas: triggers on \`auth.users\`, policies on \`storage.objects\` and \`realtime.messages\`, foreign keys to \`auth.users\`. Keep columns, functions and tables of your own in a schema of your own.

\`\`\`sql
create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  full_name text
);
\`\`\``;

export default rule({
  id: 'platform/not-owner',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['replay'],
  summary: 'a statement that changes what Supabase owns: it fails in production',
  why: 'Migrations run as postgres, which is no superuser on Supabase. Schemas auth, storage, realtime and vault belong to the services: altering their tables, or making functions there, fails with 42501 "must be owner of …", even where a local stack that runs as a superuser lets it pass.',
  remedy,
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/troubleshooting/understanding-permission-errors-in-auth-storage-and-realtime-schemas',
  ],
  fixable: false,
  facts({ facts, report, preexisting }) {
    for (const run of facts.replay?.runs ?? []) {
      const source = facts.sources.get(run.path);
      for (const statement of run.statements) {
        const { error } = statement;
        if (error === null || error.sqlstate !== '42501') continue;
        if (!/^(must be owner of|permission denied for schema)/.test(error.message)) continue;
        const sql = source?.statements[statement.index]?.sql ?? '';
        const schema =
          error.schema ??
          /\b(?:for schema|on)?\s*"?(auth|storage|realtime|vault|graphql|extensions|pgsodium|supabase_migrations)"?\b/.exec(
            `${error.message} ${sql}`,
          )?.[1];
        if (schema === undefined || !isPlatform(schema)) continue;
        const tell = run.error?.alsoOnBase ? preexisting : report;
        tell({
          message: `Postgres refuses this: ${error.message}. Schema "${schema}" belongs to a Supabase service, and migrations run as "postgres", which is no superuser. Keep your own objects in a schema of your own.`,
          at: {
            file: run.path,
            line: statement.line,
            column: 1,
            endLine: statement.endLine,
            endColumn: 1,
          },
          object: run.path,
          key: `${schema} ${statement.kind}`,
          causes: ['replay/failed'],
        });
      }
    }
  },
});
