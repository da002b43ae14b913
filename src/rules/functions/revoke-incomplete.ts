import type { Facts } from '../../model/facts.ts';
import type { Routine } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { routinesNamed } from '../support/callers/caller.ts';
import { type ApiRole, apiRoles, holds } from '../support/callers/roles.ts';
import { filesCalling, rolesOfPolicies } from '../support/policies/policy-callers.ts';
import { opening } from '../support/tables/era.ts';
import { listed, named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'functions/revoke-incomplete',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a REVOKE of EXECUTE after which the function can still be called',
  why: 'EXECUTE comes in three ways: Postgres grants it to PUBLIC on every new function, Supabase’s default privileges granted it to anon and authenticated, and statements grant it by name. A REVOKE takes away one of them: from anon and authenticated it leaves PUBLIC’s, from PUBLIC it leaves the direct ones. has_function_privilege() tells what is left.',
  remedy:
    'Revoke all ways at once, then grant to whoever may call.\n\n```sql\nrevoke execute on function public.close_month(date) from public, anon, authenticated;\ngrant execute on function public.close_month(date) to service_role;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-priv.html#PRIVILEGES-SUMMARY-TABLE',
    'https://supabase.com/docs/guides/database/functions#function-privileges',
  ],
  fixable: true,
  statement: {
    GrantStmt(node, statement, context) {
      if (node.is_grant || !/^OBJECT_(FUNCTION|ROUTINE|PROCEDURE)$/.test(node.objtype)) return;
      if (node.targtype === 'ACL_TARGET_ALL_IN_SCHEMA' || node.privileges?.some(notExecute)) return;
      const from = rolesOf(node);
      const { facts } = context;
      for (const object of node.objects ?? []) {
        const routine = target(object, context);
        if (routine === null) continue;
        const left = leftovers(routine, from);
        if (left.length === 0 || wasLeft(routine.key, left, from, context)) continue;
        // Who names PUBLIC and "anon" knows the roles: signed-in users were left on purpose.
        const leavesUsers =
          from.includes('public') && from.includes('anon') && left.join() === 'authenticated';
        if (leavesUsers && /\bauth\.(uid|jwt|role|email)\s*\(/i.test(routine.body)) continue;
        const calling = policyRoles(routine, context).filter((role) => left.includes(role));
        // Signed-in users hold it still, and their policies call it: it was not meant otherwise.
        if (!from.includes('authenticated') && left.join() === 'authenticated' && calling.length > 0)
          continue;
        const fromPublic = from.includes('public');
        const missing = fromPublic ? left.filter((role) => !calling.includes(role)) : ['public'];
        const still = missing.length > 0 && (fromPublic || calling.length === 0);
        const one = left.length === 1;
        const way = fromPublic
          ? `by ${one ? 'a grant of its own' : 'grants of their own'}, which the default privileges gave`
          : "by PUBLIC's EXECUTE, which every new function has";
        const kept =
          calling.length > 0
            ? ` Policies call it for ${named(calling)}, whose statements fail without it.`
            : '';
        const advice = still ? ` Revoke it from ${listed(missing)} too.` : '';
        const sql = [
          `revoke execute on function ${routine.key} from ${missing.join(', ')};`,
          ...(fromPublic ? [] : grantedAgain(routine, from, facts)),
        ].join('\n');
        const where = fromPublic ? openingOf(routine, left, facts) : '';
        context.report({
          message: `${where}${where === '' ? 'After' : 'after'} this REVOKE ${named(left)} can still execute "${routine.key}". ${one ? 'The role holds' : 'They hold'} it ${way}.${kept}${advice}`,
          at: context.placeOf(statement),
          object: routine.key,
          severity: leavesUsers || !still ? 'info' : undefined,
          key: left.join(' '),
          // What the REVOKE was meant to end.
          causes: ['functions/exposed-definer'],
          help: still
            ? sqlFence(sql)
            : 'Give those policies a TO that names only the roles they are for, then revoke it from the others.',
          fix:
            still && object === node.objects?.[0] && node.objects.length === 1
              ? {
                  title: `Revoke it from ${listed(missing)} too`,
                  edits: [context.edit(statement.end, statement.end, `;\n${sql.slice(0, -1)}`)],
                }
              : undefined,
        });
      }
    },
  },
});

const notExecute = (entry: SyntaxNode) => !/^(execute|)$/.test(entry.AccessPriv?.priv_name ?? '');

const rolesOf = (node: SyntaxNode): string[] =>
  (node.grantees ?? []).map((grantee: SyntaxNode) =>
    grantee.RoleSpec?.roletype === 'ROLESPEC_PUBLIC' ? 'public' : (grantee.RoleSpec?.rolename ?? ''),
  );

/** Roles for whom a policy calls it: of the change's state, of files that ran by hand, or of files to come. */
function policyRoles(routine: Routine, { set, facts }: FileContext): readonly ApiRole[] {
  const calling = [
    ...rolesOfPolicies(routine, set.after),
    ...filesCalling(routine, set, facts).flatMap(({ roles }) => roles),
  ];
  return apiRoles.filter((role) => calling.includes(role));
}

/** Roles that the REVOKE did not mean and that may hold EXECUTE as PUBLIC alone. */
function grantedAgain(routine: Routine, from: readonly string[], facts: Facts): readonly string[] {
  const others = ['authenticated', 'service_role'].filter((role) => {
    if (from.includes(role)) return false;
    const own = routine.grants.filter(
      ({ grantee, privilege }) => grantee === role && privilege === 'execute',
    );
    return own.length === 0 || openingOf(routine, [role], facts) !== '';
  });
  return others.length === 0 ? [] : [`grant execute on function ${routine.key} to ${others.join(', ')};`];
}

/** The default privileges of the project may have given it, or not. */
const openingOf = ({ schema, grants, origin }: Routine, roles: readonly string[], facts: Facts) =>
  opening(
    { schema, grants: grants.filter(({ grantee }) => roles.includes(grantee)), origin },
    ['execute'],
    facts,
  ).replace('new tables', 'new functions');

/** The routine named, where it is certain which one, as it stands when the change is through. */
function target(object: SyntaxNode, { set, facts }: FileContext): Routine | null {
  const parts = strings(object.ObjectWithArgs?.objname);
  const schema = parts.length > 1 ? parts.at(-2)! : null;
  const routines = routinesNamed(set.after, schema, parts.at(-1) ?? '');
  const [routine] = routines;
  if (routine === undefined || routines.length > 1) return null;
  if (!facts.project.exposedSchemas.includes(routine.schema)) return null;
  // PostgREST calls no trigger functions.
  return /^(event_)?trigger$/.test(routine.returns) ? null : routine;
}

/** A REVOKE of an earlier file left as much: it is repeated with the function's body, and has been told. */
function wasLeft(
  key: string,
  left: readonly ApiRole[],
  from: readonly string[],
  context: FileContext,
): boolean {
  const { set, facts, source } = context;
  const before = set.before.routines.get(key);
  if (before === undefined || left.some((role) => !leftovers(before, from).includes(role))) return false;
  const { name } = before;
  const { head } = facts.history;
  const own = head.findIndex(({ path }) => path === source.path);
  return head
    .slice(0, Math.max(0, own))
    .some(({ path }) =>
      facts.sources
        .get(path)
        ?.statements.some(
          ({ kind, node }) =>
            kind === 'GrantStmt' &&
            !node.is_grant &&
            /^OBJECT_(FUNCTION|ROUTINE|PROCEDURE)$/.test(node.objtype) &&
            from.every((role) => rolesOf(node).includes(role)) &&
            (node.objects ?? []).some(
              (object: SyntaxNode) => strings(object.ObjectWithArgs?.objname).at(-1) === name,
            ),
        ),
    );
}

/** Roles the author meant to shut out and that still get in, by a grant that no statement made. */
function leftovers(routine: Routine, from: readonly string[]): ApiRole[] {
  const shut = from.includes('public') ? apiRoles : apiRoles.filter((role) => from.includes(role));
  return shut.filter((role) => {
    if (!holds(routine.grants, role, 'execute')) return false;
    const own = routine.grants.some(
      (grant) => grant.grantee === role && grant.privilege === 'execute' && grant.origin !== null,
    );
    const all = routine.grants.some((grant) => grant.grantee === 'public' && grant.origin !== null);
    return !own && !all;
  });
}
