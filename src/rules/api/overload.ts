import type { ClientCall } from '../../model/client.ts';
import type { Facts } from '../../model/facts.ts';
import type { Routine } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { allCallsOn, placesOf } from '../support/application/client-calls.ts';
import { inputsOf, strangersTo, takes } from '../support/callers/inputs.ts';
import { holds, served } from '../support/callers/roles.ts';
import { evidenceOf, statementAt } from '../support/statements/sites.ts';
import { listed } from '../support/statements/statements.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'api/overload',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'CREATE OR REPLACE FUNCTION with other arguments: a second function beside the first',
  why: 'CREATE OR REPLACE replaces a function of the very same argument types. With others it makes a second one, and the old one stays, with its old body and its old grants. Where both accept the same named arguments the Data API can’t choose and answers every call with PGRST203: an error where the code calls the function, else a warning.',
  remedy: 'Drop the old one in the same migration.\n\n```sql\ndrop function public.search_notes(text);\n```',
  since: '0.1.0',
  sources: [
    'https://docs.postgrest.org/en/v12/references/errors.html#pgrst203',
    'https://www.postgresql.org/docs/17/sql-createfunction.html#SQL-CREATEFUNCTION-OVERLOADING',
  ],
  fixable: false,
  routine(routine, { state, set, facts, exposed, home, report }) {
    if (!exposed(routine.schema) || !set.created.has(`routine ${routine.key}`) || state !== set.after) return;
    const made = statementAt(set, routine.origin)?.statement;
    if (made?.kind === 'CreateFunctionStmt' && !made.node.replace) return;
    const older = [...set.before.routines.values()].filter(
      (each) =>
        each.schema === routine.schema &&
        each.name === routine.name &&
        each.key !== routine.key &&
        each.kind === routine.kind &&
        each.returns !== 'trigger' &&
        state.routines.has(each.key),
    );
    // PostgREST looks at every function of the schema, whoever may execute it; where nobody may, nobody calls.
    const isAmbiguous = (each: Routine) =>
      [each, routine].some(({ grants }) => served.some((role) => holds(grants, role, 'execute'))) &&
      overlap(each, routine);
    const ambiguous = older.filter(isAmbiguous);
    const sayOf = (those: readonly Routine[], what: string, severity?: 'info' | 'warning') => {
      const keys = those.map(({ key }) => key);
      const one = those.length === 1;
      const asked = those.flatMap((each) => stillAsked(each, routine, facts));
      const way =
        asked.length === 0
          ? `Drop the old ${one ? 'one' : 'ones'}`
          : `${placesOf(asked)} gives ${listed(onlyOf(asked, routine))}, which only the old one takes: give the new one that argument too, then drop the old ${one ? 'one' : 'ones'}`;
      report({
        message: `"${routine.key}" does not replace ${named(keys)}: the arguments differ, so ${one ? 'both' : 'all of them'} stand now. ${what}. ${way}.`,
        at: home(routine.origin),
        object: routine.key,
        key: keys.join(' '),
        severity,
        evidence: evidenceOf(state),
        help: sqlFence(
          [
            ...(asked.length === 0
              ? []
              : [`-- once a function takes ${listed(onlyOf(asked, routine))} in its place`]),
            ...keys.map((key) => `drop function ${key};`),
          ].join('\n'),
        ),
      });
    };
    if (ambiguous.length > 0)
      sayOf(
        ambiguous,
        `A call through the Data API with ${shortestCall([routine, ...ambiguous])} fits ${ambiguous.length === 1 ? 'both' : 'several'} and is answered with PGRST203`,
        // Nobody has been seen to ask for it there: what the server or SQL calls is told apart by its types.
        allCallsOn(`${routine.schema}.${routine.name}`, ['execute'], facts).length > 0
          ? undefined
          : 'warning',
      );
    for (const each of older)
      if (!ambiguous.includes(each))
        sayOf([each], 'The old one keeps its body and its grants, and can still be called', 'info');
  },
});

/** Calls of the code that the old one answers and the new one would not. */
function stillAsked(old: Routine, routine: Routine, facts: Facts): readonly ClientCall[] {
  // Of several versions the code knows the last.
  if (!facts.head.routines.has(old.key) || !facts.head.routines.has(routine.key)) return [];
  return allCallsOn(`${old.schema}.${old.name}`, ['execute'], facts).filter(
    ({ given }) => given !== null && takes(old, given) && strangersTo(routine, given).length > 0,
  );
}

const onlyOf = (calls: readonly ClientCall[], routine: Routine): string[] => [
  ...new Set(calls.flatMap(({ given }) => strangersTo(routine, given ?? []))),
];

/** What all of them require, and nothing else. */
function shortestCall(those: readonly Routine[]): string {
  const required = those.flatMap((routine) => inputsOf(routine).filter(({ hasDefault }) => !hasDefault));
  const names = [...new Set(required.map(({ name }) => name ?? '…'))];
  return names.length === 0 ? 'no arguments' : `${named(names)} alone`;
}

/** Some set of named arguments that both accept: all that either requires, and none that the other does not know. */
function overlap(a: Routine, b: Routine): boolean {
  const [ours, theirs] = [inputsOf(a), inputsOf(b)];
  const knows = (those: typeof ours, name: string | null) => those.some((argument) => argument.name === name);
  return (
    ours.every(({ name, hasDefault }) => hasDefault || knows(theirs, name)) &&
    theirs.every(({ name, hasDefault }) => hasDefault || knows(ours, name))
  );
}
