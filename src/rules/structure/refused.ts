import type { Statement } from '../../model/sql.ts';
import { quoteIdent, strings } from '../../sql/names.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { type FileContext, rule } from '../rule.ts';
import { placesOf } from '../support/application/client-calls.ts';
import { isPlatform } from '../support/callers/roles.ts';
import {
  type Refusal,
  refusedFunction,
  refusedIndex,
  refusedReplacement,
} from '../support/statements/refused.ts';
import type { OfAName } from '../support/statements/refused-constraints.ts';
import {
  callsThatName,
  firstRefused,
  type Lacking,
  lackingBeside,
} from '../support/statements/refused-names.ts';
import { listed, sql } from '../support/statements/statements.ts';

export default rule({
  id: 'structure/refused',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'a statement that Postgres refuses, whatever the database holds',
  why: 'It can be parsed and never runs: an index whose predicate asks for the time, an index or a policy that names a column which its table does not have by the migrations, a foreign key between text and uuid or to columns that nothing keeps unique, a second primary key, a constraint that stands already, a PL/pgSQL body without BEGIN, a parameter without a default behind one that has a default, CREATE OR REPLACE FUNCTION with other names of parameters or another result than the function has. Nothing of the file is applied, and every later migration waits behind it. Where the migrations are replayed, the replay says it.',
  remedy:
    'Leave the time out of an index: the query asks for it.\n\n```sql\ncreate index idx_share_expires_at on public.share (expires_at) where revoked_at is null;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createindex.html',
    'https://www.postgresql.org/docs/17/sql-createfunction.html',
    'https://www.postgresql.org/docs/17/plpgsql-structure.html',
  ],
  fixable: false,
  file(context) {
    const first = firstRefused(context.changed, context.facts);
    if (first?.toldBefore !== false) return;
    const refusal = withPlaces(first.refusal, context);
    const lacking = lackingBeside(first, context.changed, context.facts);
    tell(lacking.length > 1 ? withOthers(refusal, lacking) : refusal, first.statement, context);
  },
  statement: {
    IndexStmt(node, statement, context) {
      tell(refusedIndex(node), statement, context);
    },
    CreateFunctionStmt(node, statement, context) {
      // A dump turns the look at bodies off: such a function fails on its first call.
      const checksBodies = !/\bcheck_function_bodies\b/i.test(context.source.text);
      tell(refusedFunction(node, checksBodies) ?? replaced(statement, context), statement, context);
    },
  },
});

/** Then it is the database made from the migrations that fails. */
function withPlaces(refusal: OfAName, { facts }: FileContext): OfAName & { severity?: 'warning' } {
  const calls = callsThatName(refusal, facts);
  return calls.length === 0
    ? refusal
    : {
        ...refusal,
        severity: 'warning',
        way: `The code uses it (${placesOf(calls)}): where it was added by hand, bring it into a migration before this one, or no database can be made from them`,
      };
}

/** Added alone, the first one would only lead to the next. */
function withOthers<R extends OfAName>(refusal: R, lacking: readonly Lacking[]): R {
  const others = lacking.flatMap(({ name }) => (name === refusal.column ? [] : [name]));
  return {
    ...refusal,
    way: `${refusal.way}. The file asks for ${listed(others)} too, which the table lacks as well`,
    help: sql(
      '-- above it',
      ...lacking.map(
        ({ name, type }) => `alter table ${refusal.table} add column ${quoteIdent(name)} ${type ?? '…'};`,
      ),
    ),
  };
}

/** The function that the statement would replace, as the migrations before left it. */
function replaced({ node, span }: Statement, { set, source, facts }: FileContext): Refusal | null {
  if (node.replace !== true) return null;
  const now = [...set.after.routines.values()].find(
    ({ origin }) =>
      origin?.file === source.path && origin.line === span.line && origin.column === span.column,
  );
  const old = now && set.before.routines.get(now.key);
  if (old?.origin == null || isPlatform(old.schema)) return null;
  const refusal = refusedReplacement(old, now!);
  if (refusal === null) return null;
  const isDropped = (text: string) => dropOf(old.name).test(text);
  if (set.migrations.some((each) => isDropped(each.source.text))) return null;
  // It may have been refused itself, and what it should have replaced still stands.
  const before = [...facts.sources.values()].filter(({ path }) => path <= old.origin!.file);
  const made = before.filter(({ statements }) =>
    statements.some(
      (other) => other.kind === 'CreateFunctionStmt' && strings(other.node.funcname).at(-1) === old.name,
    ),
  );
  if (made.length > 1 && !before.some(({ text }) => isDropped(text))) return null;
  return refusal;
}

/** By name, with a schema or an extension, by text that is put together; or renamed or moved out of the way. */
const dropOf = (name: string) =>
  new RegExp(
    `\\bdrop\\s+(function|routine|schema|extension)\\b[^;]*(\\b${escapeRegExp(name)}\\b|%|\\|\\||cascade)|\\balter\\s+(function|routine)\\b[^;]*\\b(rename|set\\s+schema)\\b|\\balter\\s+schema\\b[^;]*\\brename\\b`,
    'i',
  );

function tell(
  refusal: (Refusal & { readonly severity?: 'warning' }) | null,
  statement: Statement,
  { facts, placeOf, report }: FileContext,
) {
  // What ran is known.
  if (refusal === null || facts.replay !== null) return;
  report({
    message: `Postgres refuses this: ${refusal.why}. Nothing of the file is applied. ${refusal.way}.`,
    at: placeOf(statement),
    ...(refusal.severity === undefined ? {} : { severity: refusal.severity }),
    help: refusal.help,
  });
}
