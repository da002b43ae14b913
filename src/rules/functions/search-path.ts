import type { Routine, SchemaState } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { holds, isPlatform } from '../support/callers/roles.ts';
import { pathInBody } from '../support/functions/path-in-body.ts';
import { bareNamesBehind, isQualified } from '../support/functions/qualified.ts';
import { evidenceOf, insertAt, statementAt } from '../support/statements/sites.ts';
import { codeOf } from '../support/syntax/bodies.ts';
import { listed, named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'functions/search-path',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a security definer function without a fixed search_path',
  why: 'A security definer function runs with its owner’s rights and the caller’s search_path. A name without schema in its body then means what the caller’s path says: whoever can create an object in a schema on it can have his own code run as the owner. On Supabase, API roles can’t create objects in public, so this is a matter of care unless a grant says otherwise.',
  remedy:
    "Fix the path, and name everything with its schema.\n\n```sql\ncreate or replace function public.is_admin() returns boolean\nlanguage sql stable security definer set search_path = ''\nas $$ select exists (select 1 from public.admin_users where id = (select auth.uid())) $$;\n```",
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0011_function_search_path_mutable',
  ],
  fixable: true,
  routine(routine, { state, set, home, report }) {
    if (!routine.securityDefiner || isPlatform(routine.schema)) return;
    if (routine.config.search_path !== undefined || /^(event_)?trigger$/.test(routine.returns)) return;
    const writable = writableSchema(state);
    const own = pathInBody(routine);
    if (own !== null && (writable === null || !own.path.includes(writable))) {
      report({
        message: `"${routine.key}" is "security definer" and sets its search_path in its body. Only the SET clause is missing: without it the path stays set ${own.until === 'session' ? 'in the session of whoever called it, once it has ended' : 'for the rest of the transaction that calls it'}. Say it in the SET clause, and take the line out of the body.`,
        at: home(routine.origin),
        object: routine.key,
        evidence: evidenceOf(state),
        help: sqlFence(
          `alter function ${routine.key} set search_path = ${own.path};\n-- and take the line out of its body`,
        ),
      });
      return;
    }
    const operators = usesOperatorsOfExtensions(routine);
    const qualified = isQualified(routine, state);
    const behind = operators ? [] : bareNamesBehind(routine, state);
    const certain = !operators && qualified && behind.length === 0;
    const inside = `once what may run inside it with that path, ${named(behind.slice(0, 3))}, ${qualified ? 'names everything with its schema' : 'does so too'} or has a path of its own`;
    const first =
      behind.length > 0
        ? qualified
          ? ` ${inside}`
          : ` and name everything in it with its schema, ${inside}`
        : certain
          ? ''
          : ' and name everything in it with its schema';
    const found = certain ? statementAt(set, routine.origin) : null;
    const body = found?.statement.kind === 'CreateFunctionStmt' ? bodyStart(found.statement.node) : null;
    report({
      message: `"${routine.key}" is "security definer" and has no fixed search_path. ${writable === null ? "It resolves names by its caller's path, with its owner's rights" : `API roles may create objects in "${writable}", which is on its path: they can have their code run as its owner`}. Add ${operators ? '"set search_path = public, extensions": operators of an extension are found by the path' : `"set search_path = ''"${first}`}.`,
      at: home(routine.origin),
      object: routine.key,
      severity: writable === null ? undefined : 'error',
      evidence: evidenceOf(state),
      help: sqlFence(
        operators
          ? `alter function ${routine.key} set search_path = public, extensions;`
          : `${certain || (qualified && behind.length > 0) ? '' : '-- after naming tables, types and functions in the body with their schema\n'}${behind.length > 0 ? `-- after ${listed(behind.slice(0, 3))}\n` : ''}alter function ${routine.key} set search_path = '';`,
      ),
      fix:
        found === null || body === null
          ? undefined
          : {
              title: "Fix the path: set search_path = ''",
              edits: [insertAt(found.source, found.source.offsetOfByte(body), "set search_path = ''\n")],
            },
    });
  },
});

/** `<=>` and its like of pgvector, `%` of trigrams: no schema can be written before them without OPERATOR(). */
const usesOperatorsOfExtensions = ({ body }: Routine) =>
  /<=>|<->|<#>|<\+>|<<->|<->>|[\w)"]\s+(<%|%>|<<%|%>>)\s/.test(codeOf(body).bare);

/** A schema of the default path in which an API role may create objects. */
const writableSchema = (state: SchemaState) =>
  ['public', 'extensions'].find((name) => {
    const grants = state.schemas.get(name)?.grants ?? [];
    return ['anon', 'authenticated'].some((role) => holds(grants, role, 'create'));
  }) ?? null;

/** Byte at which AS, or RETURN, begins. */
function bodyStart(node: {
  options?: { DefElem?: { defname: string; location?: number } }[];
}): number | null {
  const as = node.options?.find(({ DefElem: option }) => option?.defname === 'as')?.DefElem;
  return as?.location ?? null;
}
