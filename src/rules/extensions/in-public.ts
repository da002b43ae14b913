import type { SchemaState } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { evidenceOf, insertAt, statementAt } from '../support/statements/sites.ts';
import { commentAt } from '../support/words/comment-above.ts';
import { namedInPublic } from '../support/words/extension-names.ts';
import { sqlFence } from '../support/words/words.ts';

// They put nothing into the schema they are registered in, or can't live in another one.
const elsewhere = new Set([
  'pg_net',
  'pg_cron',
  'pg_graphql',
  'plpgsql',
  'supabase_vault',
  'pgsodium',
  'pgmq',
  'pgjwt',
  'pg_tle',
  'pgtle',
]);

/** PostgREST offers functions of named arguments, of none, and of one that is text or JSON: these have none of that kind. */
const withoutEndpoints = new Set(['vector', 'btree_gist', 'btree_gin', 'citext', 'intarray', 'moddatetime']);

/** Some function's fixed path has public and not extensions. */
const isFixedToPublic = ({ routines }: SchemaState) =>
  [...routines.values()].some(({ config: { search_path: path = '' }, schema }) => {
    return !isPlatform(schema) && /\bpublic\b/.test(path) && !/\bextensions\b/.test(path);
  });

/** Its author has seen where it goes: "stays in public", "on purpose", "to be moved later". */
const weighed =
  /\bpublic\b|\bon purpose\b|\b(intentional|deliberate|temporar)\w*|\b(move|moved|moving|relocat\w+)\b[^.]{0,40}\b(later|soon|next|follow|separate|another|future|extensions)\b|\b(later|follow[- ]?up|future)\b[^.]{0,40}\b(move|moved|moving|relocat\w+)\b|\bfor now\b/i;

export default rule({
  id: 'extensions/in-public',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'an extension in schema public',
  why: 'An extension’s functions in public can become endpoints of the Data API, its types and tables mix with your own, and a dump of public carries them along. Supabase keeps extensions in schema "extensions", which is on the API’s search path. A function that fixes its own, SET search_path = public, finds them there only with that schema on it.',
  remedy:
    'Name the schema; add it to the search_path of functions that fix theirs and use the extension (`set search_path = public, extensions`).\n\n```sql\ncreate extension if not exists pg_trgm with schema extensions;\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/database-advisors?lint=0014_extension_in_public'],
  fixable: true,
  extension(extension, { facts, state, set, home, report }) {
    if (extension.schema !== 'public' || elsewhere.has(extension.name)) return;
    const isMeant = weighed.test(commentAt(extension.origin, facts));
    const named = namedInPublic(extension.name, extension.origin?.file ?? '', facts);
    const found = statementAt(set, extension.origin);
    const name = /^[a-z_][a-z0-9_]*$/.test(extension.name) ? extension.name : `"${extension.name}"`;
    const bare =
      found?.statement.kind === 'CreateExtensionStmt' && !/\bschema\b/i.test(found.statement.sql)
        ? /^create\s+extension\s+(?:if\s+not\s+exists\s+)?(?:"[^"]+"|[\w$]+)(\s+with\b)?/i.exec(
            found.statement.sql,
          )
        : null;
    report({
      message: `Extension "${extension.name}" is made in schema "public". ${withoutEndpoints.has(extension.name) ? 'Its types and functions' : 'Its functions become endpoints of the Data API and'} mix with your own. Create it "with schema extensions"${isFixedToPublic(state) ? '; functions with "search_path = public" that use it then need that schema on it too' : ''}${named === null ? '' : `; line ${named.at.line}${named.at.file === extension.origin?.file ? '' : ` of "${named.at.file}"`} names "${named.name}", which would not be there then: write it with the new schema`}.`,
      at: home(extension.origin),
      object: extension.name,
      // Its author has weighed it.
      ...(isMeant ? { severity: 'info' as const } : {}),
      evidence: evidenceOf(state),
      help: `${sqlFence(`create extension if not exists ${name} with schema extensions;`)}\n\nFunctions with \`set search_path = public\` that use it need \`set search_path = public, extensions\`.`,
      fix:
        found === null || bare === null || named !== null
          ? undefined
          : {
              title: 'Create it with schema extensions',
              edits: [
                insertAt(
                  found.source,
                  found.statement.start + bare[0].length,
                  bare[1] === undefined ? ' with schema extensions' : ' schema extensions',
                ),
              ],
            },
    });
  },
});
