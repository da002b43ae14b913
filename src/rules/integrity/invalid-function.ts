import { rule } from '../rule.ts';
import { linesOf } from '../support/places.ts';

export default rule({
  id: 'integrity/invalid-function',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['replay'],
  summary: 'a function whose body names what does not exist',
  why: 'Postgres checks the body of a plpgsql function when it is called and not when it is created. The migration applies, and the first call in production fails.',
  remedy: 'Correct the name in the body.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/plpgsql-implementation.html#PLPGSQL-PLAN-CACHING'],
  fixable: false,
  // A trigger function that fails stops the sign-up: that is what users meet.
  backs: ['access/sign-up-broken'],
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
