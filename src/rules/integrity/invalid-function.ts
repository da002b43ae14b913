import { rule } from '../rule.ts';
import { ambiguousName } from '../support/ambiguous-names.ts';
import { linesOf } from '../support/places.ts';
import { sqlFence } from '../support/words.ts';

export default rule({
  id: 'integrity/invalid-function',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['replay', 'static'],
  summary: 'a function whose body names what does not exist',
  why: 'Postgres checks the body of a plpgsql function when it is called and not when it is created. The migration applies, and the first call in production fails. Where the replay could not run from zero, what the SQL alone shows is told: a name that is an argument (or a column of RETURNS TABLE) and a column of the table that is read.',
  remedy: 'Correct the name in the body.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/plpgsql-implementation.html#PLPGSQL-PLAN-CACHING'],
  fixable: false,
  // A trigger function that fails stops the sign-up: that is what users meet.
  backs: ['access/sign-up-broken'],
  routine(routine, { facts, state, set, home, report }) {
    // What ran is known: the replay looks into every body.
    if (state !== set.after || facts.replay?.base.reproducible === true) return;
    if (facts.replay?.brokenFunctions.some((broken) => broken.function === routine.key)) return;
    const ambiguous = ambiguousName(routine, state);
    if (ambiguous === null) return;
    const { name, table, bodyLine, isResult, inConflict } = ambiguous;
    report({
      message: `Function "${routine.key}" fails when it comes to line ${bodyLine} of its body: "${name}" is ${isResult ? 'a column of its result' : 'an argument'} and a column of "${table}", so the reference is ambiguous (42702). Postgres checks the body on the call and not on CREATE, so the migration applies all the same. ${inConflict ? 'Name the constraint instead: ON CONFLICT ON CONSTRAINT …' : "Write the table's name before the column"}.`,
      at: home(routine.origin),
      object: routine.key,
      evidence: ['static'],
      help: sqlFence(
        `-- or let the column win, as the first line of the body\n#variable_conflict use_column`,
      ),
    });
  },
  facts({ facts, report }) {
    for (const broken of facts.replay?.brokenFunctions ?? []) {
      const { function: name, path, line, error, bodyLine, table, swallowed } = broken;
      const where = bodyLine === null ? '' : ` (line ${bodyLine} of its body)`;
      const call = table === null ? 'when it is called' : `as a trigger of "${table}"`;
      const fails = swallowed
        ? `never does what line ${bodyLine} of its body says, and its own handler hides it: ${error.message}`
        : `fails ${call}: ${error.message}${where}`;
      report({
        message: `Function "${name}" ${fails}. Postgres checks the body on the call and not on CREATE, so the migration applies all the same. Correct the body.`,
        ...(swallowed ? { severity: 'warning' as const } : {}),
        at: path === null || line === null ? null : linesOf(path, line),
        object: name,
        ...(error.hint === null ? {} : { help: error.hint }),
      });
    }
  },
});
