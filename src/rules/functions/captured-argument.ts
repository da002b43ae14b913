import type { Routine, SchemaState, Table } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { routinesCalled } from '../support/callers/caller.ts';
import { apiRolesOf, isPlatform, reachers } from '../support/callers/roles.ts';
import { callsOf } from '../support/conditions/predicates.ts';
import { capturedArgument } from '../support/functions/captured-argument.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { listed } from '../support/words/words.ts';

export default rule({
  id: 'functions/captured-argument',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: "an SQL function whose argument's name is taken by a column of the table that it reads",
  why: 'In the body of an SQL function a name that is an argument and a column is the column. `where user_id = user_id` compares the column with itself and holds for every row, whatever was passed: a helper of policies then says yes to everybody, and an UPDATE changes all rows. PL/pgSQL refuses such a name on the call, unless the body says `#variable_conflict use_column`.',
  remedy:
    "Give the argument a name that no column has, or write the function's name before it.\n\n```sql\ncreate function public.is_member(team uuid) returns boolean language sql stable security definer set search_path = ''\nas $$ select exists (select 1 from public.member m where m.team_id = is_member.team and m.user_id = (select auth.uid())) $$;\n```",
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/xfunc-sql.html#XFUNC-SQL-FUNCTION-ARGUMENTS',
    'https://www.postgresql.org/docs/17/plpgsql-implementation.html#PLPGSQL-VAR-SUBST',
  ],
  fixable: false,
  routine(routine, { state, exposed, home, report }) {
    if (isPlatform(routine.schema)) return;
    const captured = capturedArgument(routine, state);
    if (captured === null) return;
    const { name, taken, does } = captured;
    const trusting = tablesTrusting(routine, state).map(({ key }) => `"${key}"`);
    const callable = exposed(routine.schema) && reachers(routine, 'execute', state).length > 0;
    const shown =
      trusting.length > 3 ? [...trusting.slice(0, 2), `${trusting.length - 2} more tables`] : trusting;
    report({
      message: `Function "${routine.key}" compares "${name}" of "${taken.source.key}" with itself: in ${routine.language === 'sql' ? 'an SQL function' : 'this body'} a column wins over an argument of its name. ${
        does === 'select'
          ? 'So that condition holds for every row, whatever was passed.'
          : `So it ${does === 'update' ? 'changes' : 'deletes'} every row, whatever was passed.`
      }${trusting.length > 0 ? ` Policies of ${listed(shown)} believe it.` : ''} Write "${routine.name}.${name}" for the argument.`,
      at: home(routine.origin),
      object: routine.key,
      ...(trusting.length > 0 || callable ? {} : { severity: 'warning' as const }),
      evidence: evidenceOf(state),
    });
  },
});

const tablesTrusting = ({ key }: Routine, state: SchemaState): readonly Table[] =>
  [...state.tables.values()].filter(({ policies }) =>
    policies.some(
      (policy) =>
        apiRolesOf(policy).length > 0 &&
        callsOf(policy).some((call) => routinesCalled(call, state).some((each) => each.key === key)),
    ),
  );
