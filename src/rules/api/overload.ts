import type { Routine } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { apiRoles, holds } from '../support/roles.ts';
import { evidenceOf, statementAt } from '../support/sites.ts';
import { sqlFence } from '../support/words.ts';

export default rule({
  id: 'api/overload',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'CREATE OR REPLACE FUNCTION with other arguments: a second function beside the first',
  why: 'CREATE OR REPLACE replaces a function of the very same argument types. With others it makes a second one, and the old one stays, with its old body and its old grants. Where both accept the same named arguments the Data API can’t choose and answers every call with PGRST203.',
  remedy: 'Drop the old one in the same migration.\n\n```sql\ndrop function public.search_notes(text);\n```',
  since: '0.1.0',
  sources: [
    'https://docs.postgrest.org/en/v12/references/errors.html#pgrst203',
    'https://www.postgresql.org/docs/17/sql-createfunction.html#SQL-CREATEFUNCTION-OVERLOADING',
  ],
  fixable: false,
  routine(routine, { state, set, exposed, home, report }) {
    if (!exposed(routine.schema) || !set.created.has(`routine ${routine.key}`) || state !== set.after) return;
    const made = statementAt(set, routine.origin)?.statement;
    if (made?.kind === 'CreateFunctionStmt' && !made.node.replace) return;
    for (const older of set.before.routines.values()) {
      if (older.schema !== routine.schema || older.name !== routine.name || older.key === routine.key)
        continue;
      if (!state.routines.has(older.key) || older.kind !== routine.kind || older.returns === 'trigger')
        continue;
      // PostgREST looks at every function of the schema, whoever may execute it; where nobody may, nobody calls.
      const reachable = [older, routine].some((each) =>
        callers.some((role) => holds(each.grants, role, 'execute')),
      );
      const ambiguous = reachable && overlap(older, routine);
      report({
        message: `"${routine.key}" does not replace "${older.key}": the arguments differ, so both stand now. ${ambiguous ? "The Data API can't tell which one a call means and answers PGRST203" : 'The old one keeps its body and its grants, and can still be called'}. Drop the old one.`,
        at: home(routine.origin),
        object: routine.key,
        key: older.key,
        severity: ambiguous ? undefined : 'info',
        evidence: evidenceOf(state),
        help: sqlFence(`drop function ${older.key};`),
      });
    }
  },
});

const callers = [...apiRoles, 'service_role'];

/** Some set of named arguments that both accept: all that either requires, and none that the other does not know. */
function overlap(a: Routine, b: Routine): boolean {
  const inputs = (routine: Routine) =>
    routine.arguments.filter(({ mode }) => mode === 'in' || mode === 'inout' || mode === 'variadic');
  const [ours, theirs] = [inputs(a), inputs(b)];
  const knows = (those: typeof ours, name: string | null) => those.some((argument) => argument.name === name);
  return (
    ours.every(({ name, hasDefault }) => hasDefault || knows(theirs, name)) &&
    theirs.every(({ name, hasDefault }) => hasDefault || knows(ours, name))
  );
}
