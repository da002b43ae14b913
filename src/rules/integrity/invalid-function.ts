import type { Facts } from '../../model/facts.ts';
import type { Place } from '../../model/finding.ts';
import type { Routine } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { rule, type StateContext } from '../rule.ts';
import { type Ambiguous, ambiguousName } from '../support/functions/ambiguous-names.ts';
import { missingField } from '../support/functions/missing-fields.ts';
import { linesOf } from '../support/statements/places.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'integrity/invalid-function',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['replay', 'static'],
  summary: 'a function whose body names what does not exist',
  why: 'Postgres checks the body of a plpgsql function when it is called and not when it is created. The migration applies, and the first call in production fails. Where the replay could not run from zero, what the SQL alone shows is told: a name that is an argument (or a column of RETURNS TABLE) and a column of the table that is read, or a field of NEW that the trigger’s table has not.',
  remedy: 'Correct the name in the body.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/plpgsql-implementation.html#PLPGSQL-PLAN-CACHING'],
  fixable: false,
  // A trigger function that fails stops the sign-up: that is what users meet.
  backs: ['access/sign-up-broken'],
  routine(routine, context) {
    if (isSeen(routine, context)) return;
    // Reading a body takes time, and who touched neither it nor its arguments made nothing ambiguous.
    const isTouched = context.set.touched.has(`routine ${routine.key}`);
    const ambiguous = isTouched ? ambiguousName(routine, context.state) : null;
    if (ambiguous !== null) tellAmbiguous(routine, ambiguous, context);
    tellMissing(routine, context);
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
        at: path === null || line === null ? brokenBy(error.message, facts) : linesOf(path, line),
        object: name,
        ...(error.hint === null ? {} : { help: error.hint }),
      });
    }
  },
});

/** The replay looks into every body, where it came as far as the function. */
const isSeen = ({ key }: Routine, { facts }: StateContext) =>
  facts.replay?.base.reproducible === true ||
  facts.replay?.brokenFunctions.some((broken) => broken.function === key) === true;

const unseen =
  'Postgres checks the body on the call and not on CREATE, so the migration applies all the same';

function tellAmbiguous(routine: Routine, ambiguous: Ambiguous, { home, report }: StateContext) {
  const { name, table, bodyLine, isResult, inConflict, isArgument, allArguments } = ambiguous;
  report({
    message: `Function "${routine.key}" fails when it comes to line ${bodyLine} of its body: "${name}" is ${isResult ? 'a column of its result' : 'an argument'} and a column of "${table}", so the reference is ambiguous (42702). ${unseen}. ${inConflict ? 'Name the constraint instead: ON CONFLICT ON CONSTRAINT …' : isArgument ? `The column has its table before it already: write "${routine.name}.${name}" for the ${isResult ? 'variable' : 'argument'}` : "Write the table's name before the column"}.`,
    at: home(routine.origin),
    object: routine.key,
    key: 'ambiguous',
    evidence: ['static'],
    // With `use_column` it would be compared with itself.
    ...(isArgument && !allArguments
      ? {}
      : {
          help: sqlFence(
            `-- or let the ${isArgument ? (isResult ? 'variable' : 'argument') : 'column'} win, as the first line of the body\n#variable_conflict ${isArgument ? 'use_variable' : 'use_column'}`,
          ),
        }),
  });
}

function tellMissing(routine: Routine, { state, set, home, report }: StateContext) {
  // As it was, it is missed only on tables of the change: on the others it stood before.
  const isAsItWas = set.before.routines.get(routine.key)?.body === routine.body;
  const tables = isAsItWas
    ? [...set.touched].flatMap((object) =>
        object.startsWith('table ') ? (state.tables.get(object.slice('table '.length)) ?? []) : [],
      )
    : state.tables.values();
  const missing = missingField(routine, tables, state);
  if (missing === null) return;
  const { written, column, table, trigger, bodyLine } = missing;
  report({
    message: `Function "${routine.key}" fails as trigger "${trigger}" of "${table}" when it comes to line ${bodyLine} of its body: it reads "${written}", and the table has no column "${column}" (42703). ${unseen}. Correct the name, or give the table a function of its own.`,
    at: home(routine.origin),
    object: routine.key,
    key: `field ${table}`,
    evidence: ['static'],
  });
}

/** The function stands in an older file: the changed statement that takes away what it names. */
function brokenBy(message: string, { changeSets }: Facts): Place | null {
  const names = [...message.matchAll(/"?([a-z_][\w$]*(?:\.[a-z_][\w$]*)?)"? does not exist|"([^"]+)"/gi)].map(
    ([, plain, quoted]) => (plain ?? quoted ?? '').split('.').at(-1)!,
  );
  for (const { source } of changeSets.flatMap(({ migrations }) => migrations)) {
    for (const statement of source.statements) {
      if (!/^(Drop|Rename|AlterTable|AlterObjectSchema|AlterFunction)Stmt$/.test(statement.kind)) continue;
      if (statement.kind === 'AlterTableStmt' && !/\bdrop\b/i.test(statement.sql)) continue;
      if (
        names.some(
          (name) => name !== '' && new RegExp(`\\b${escapeRegExp(name)}\\b`, 'i').test(statement.sql),
        )
      )
        return { file: source.path, ...statement.span };
    }
  }
  return null;
}
