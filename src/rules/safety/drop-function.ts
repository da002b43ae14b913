import type { Facts } from '../../model/facts.ts';
import type { Routine, SchemaState } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { qualified, strings, typeName } from '../../sql/names.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { rule } from '../rule.ts';
import { stillCalled } from '../support/application/routine-calls.ts';
import { holders } from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { isCascade } from '../support/statements/statements.ts';
import { functionCalls, functionName } from '../support/syntax/tree.ts';
import { listed, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'safety/drop-function',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a function of an exposed schema that is dropped and not made again',
  why: 'Between the migration and the deployment of the new code, running clients that call the function through the Data API get 404 (PGRST202). Bodies of other functions that call it are not checked: they fail on the next call. Where the code of the repository still calls it (`.rpc(…)`, the server’s too), the first such place is named.',
  remedy:
    "Drop it when nothing calls it any more, or leave one of its name that says so.\n\n```sql\nselect proname from pg_proc where prosrc like '%old_total%';\n```",
  since: '0.1.0',
  sources: [
    'https://docs.postgrest.org/en/stable/references/errors.html',
    'https://www.postgresql.org/docs/17/sql-dropfunction.html',
  ],
  fixable: false,
  statement: {
    DropStmt(node, statement, { facts, set, placeOf, report }) {
      if (!/^OBJECT_(FUNCTION|PROCEDURE|ROUTINE)$/.test(node.removeType)) return;
      for (const object of node.objects ?? []) {
        const { objname, objargs, args_unspecified } = object.ObjectWithArgs ?? {};
        const { schema, name } = qualified(strings(objname));
        const inSchema = schema ?? 'public';
        if (!facts.project.exposedSchemas.includes(inSchema)) continue;
        const overloads = [...set.before.routines.values()].filter(
          (routine) => routine.schema === inSchema && routine.name === name,
        );
        if (args_unspecified === true && overloads.length > 1) {
          report({
            message: `"${inSchema}.${name}" has ${overloads.length} overloads, and DROP FUNCTION without their arguments fails: "function name is not unique" (42725). Name the arguments of the one that shall go.`,
            at: placeOf(statement),
            object: `${inSchema}.${name}`,
            key: 'not unique',
            severity: 'error',
            help: sqlFence(overloads.map(({ key }) => `drop function if exists ${key};`).join('\n')),
          });
          continue;
        }
        const types = (objargs ?? []).map((type: SyntaxNode) =>
          typeName(type.TypeName, { modifiers: false }),
        );
        const gone = overloads.find(
          ({ key }) => args_unspecified === true || key.endsWith(`(${types.join(', ')})`),
        );
        // A trigger function is called by its trigger alone, and Postgres minds those.
        if (gone === undefined || /^(event_)?trigger$/.test(gone.returns)) continue;
        // Made again, perhaps with other arguments: api/overload and the access probes look at that.
        if ([...set.after.routines.values()].some((r) => r.schema === inSchema && r.name === name)) continue;
        const using = isCascade(node) ? [] : policiesCalling(gone, set.after);
        if (using.length > 0) {
          report({
            message: `DROP FUNCTION "${gone.key}" fails: ${listed(using.slice(0, 3).map((policy) => `policy ${policy}`))}${using.length > 3 ? ` and ${using.length - 3} more` : ''} call it (2BP01). Change them first.`,
            at: placeOf(statement),
            object: gone.key,
            key: 'in use',
            severity: 'error',
          });
          continue;
        }
        const callers = [...set.after.routines.values()]
          .filter(({ body }) => body.includes(name))
          .map(({ key }) => key);
        const called =
          callers.length > 0 ? `, and "${callers[0]}", which still names it, fails on its next call` : '';
        const asked = stillCalled(gone, facts);
        report({
          message: `Function "${gone.key}" is dropped and not made again. Clients that still call it get 404${called}.${asked} Drop it when nothing calls it.`,
          at: placeOf(statement),
          object: gone.key,
          // Kept for the server, and no other function names it.
          severity:
            callers.length === 0 &&
            asked === '' &&
            (holders(gone.grants, 'execute').length === 0 || servedPolicies(gone, set.before, facts))
              ? 'info'
              : undefined,
        });
      }
    },
  },
});

/** Policies called it, now or in an older migration, and the code, which is known to call others, does not. */
const servedPolicies = (routine: Routine, before: SchemaState, { clientCalls, sources }: Facts) => {
  const called = new RegExp(`(?<![\\w$])"?${escapeRegExp(routine.name)}"?\\s*\\(`);
  return (
    clientCalls.length > 0 &&
    (policiesCalling(routine, before).length > 0 ||
      [...sources.values()].some(({ statements }) =>
        statements.some(({ kind, sql }) => kind === 'CreatePolicyStmt' && called.test(sql)),
      ))
  );
};

/** Policies that stand at the end and call the function, which is there once: `"own" on "public.note"`. */
const policiesCalling = ({ schema, name }: Routine, after: SchemaState): readonly string[] =>
  [...after.tables.values()].flatMap((table) =>
    table.policies
      .filter((policy) =>
        predicatesOf(policy).some(({ node }) =>
          functionCalls(node).some((call) => {
            const called = functionName(call);
            return called.name === name && (called.schema ?? 'public') === schema;
          }),
        ),
      )
      .map((policy) => `"${policy.name}" on "${table.key}"`),
  );
