import { rule } from '../rule.ts';
import { startOf } from '../support/statements/places.ts';

export default rule({
  id: 'history/remote-drift',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['catalog'],
  summary: "the remote database's history and the files differ",
  why: '"supabase db push" compares versions. A version that only the remote has stops it; an older file that the remote lacks stops it too. Where a version ran other statements than its file holds, no tool says so: the file is no longer what production is.',
  remedy:
    'Fetch what is missing, or mark it.\n\n```sh\nnpx supabase migration fetch\nnpx supabase migration repair --status applied <version>\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/reference/cli/supabase-migration-repair'],
  fixable: false,
  facts({ facts, report }) {
    const { remote, ranBefore, base, head, changes } = facts.history;
    if (remote === null || remote.length === 0) return;
    const files = new Map([...base, ...head].map((migration) => [migration.version, migration]));
    const versions = new Set(remote.map(({ version }) => version));
    const newest = [...versions].reduce((found, version) => (version > found ? version : found), '');
    for (const { version, name, statements } of remote) {
      const file = files.get(version);
      if (file === undefined) {
        report({
          message: `The remote database ran version ${version}${name ? ` ("${name}")` : ''}, and no file has it. "supabase db push" stops at it. Fetch it with "supabase migration fetch", or mark it with "supabase migration repair".`,
          at: null,
          object: version,
          key: 'no file',
        });
      } else if (
        statements !== null &&
        statements.length > 0 &&
        file.text !== null &&
        essence(statements.join(';')) !== essence(file.text)
      ) {
        report({
          message: `The remote database ran other statements for version ${version} than "${file.fileName}" holds. The file no longer says what production is. Put the file back as it ran and write the difference into a new migration.`,
          at: startOf(file.path),
          object: version,
          key: 'statements',
        });
      }
    }
    for (const path of ranBefore) {
      report({
        message: `The remote database has run "${path.split('/').at(-1)}" already. It is taken as applied and not judged as new.`,
        at: startOf(path),
        object: path,
        key: 'ran before',
        severity: 'info',
      });
    }
    const changed = new Set(changes.map(({ path }) => path));
    for (const { version, path, fileName } of head) {
      if (versions.has(version) || version > newest || changed.has(path)) continue;
      report({
        message: `The remote database never ran "${fileName}", although it ran newer versions. "supabase db push" stops at it. Run it with "--include-all", or mark it with "supabase migration repair".`,
        at: startOf(path),
        object: version,
        key: 'not run',
      });
    }
  },
});

/** What is left of SQL without comments, white space and statement ends: the CLI stores statements cut apart. */
const essence = (sql: string) =>
  sql
    .replace(/--[^\n]*/g, '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/[\s;]+/g, '');
