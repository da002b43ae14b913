import type { ClientCall } from '../../model/client.ts';
import type { Routine, SchemaState } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { allCallsOn, placesOf } from '../support/application/client-calls.ts';
import { takesWhatever } from '../support/application/routine-calls.ts';
import { inputsOf, lackOf, strangersTo, takes } from '../support/callers/inputs.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { named } from '../support/words/words.ts';

export default rule({
  id: 'api/rpc-arguments',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'the code calls a function with arguments that no version of it takes',
  why: 'The Data API finds a function by the names of the arguments that a call gives: all of them must be its own, and those without a default must be there. Otherwise it answers PGRST202, and the call never reaches Postgres. Calls of the repository’s code whose arguments are written out (`rpc("totals", { day })`) are compared.',
  remedy:
    "Give a new argument a default, keep the names that the code uses, or change the call in the same deployment.\n\n```sql\ncreate function public.totals(day date, zone text default 'UTC') returns bigint language sql as $$ select 1 $$;\n```",
  since: '0.1.0',
  sources: ['https://docs.postgrest.org/en/v12/references/api/functions.html'],
  fixable: false,
  routine(routine, { facts, state, exposed, home, report }) {
    if (!exposed(routine.schema) || isPlatform(routine.schema) || routine.kind !== 'function') return;
    const versions = versionsOf(routine, state);
    // Told once, at the first of them.
    if (versions[0] !== routine || versions.some(takesWhatever)) return;
    // The code is that of the head, whatever the state.
    const atEnd = versionsOf(routine, facts.head);
    const wrong = allCallsOn(`${routine.schema}.${routine.name}`, ['execute'], facts).filter(
      ({ given }) =>
        given !== null &&
        ![...versions, ...atEnd].some((version) => takesWhatever(version) || takes(version, given)),
    );
    const keyOf = ({ given }: ClientCall) => [...given!].sort().join(' ');
    for (const key of new Set(wrong.map(keyOf))) {
      const calls = wrong.filter((call) => keyOf(call) === key);
      const { given } = calls[0]!;
      report({
        message: `The code calls "${routine.schema}.${routine.name}" with ${given!.length === 0 ? 'no arguments' : named(given!)} (${placesOf(calls)}), and ${differences(versions, given!)}. The Data API answers PGRST202. Give a new argument a default, or change the call.`,
        at: home(routine.origin),
        object: routine.key,
        key,
        evidence: evidenceOf(state),
        help: `It takes:\n\n${versions.map((version) => `- \`${signatureOf(version)}\``).join('\n')}`,
      });
    }
  },
});

const versionsOf = ({ schema, name }: Routine, { routines }: SchemaState): readonly Routine[] =>
  [...routines.values()]
    .filter((each) => each.schema === schema && each.name === name)
    .sort((a, b) => (a.key < b.key ? -1 : 1));

/** Of one function what differs; of several that none fits. */
function differences(versions: readonly Routine[], given: readonly string[]): string {
  const [only, ...others] = versions;
  if (others.length > 0) return `none of its ${versions.length} versions takes these`;
  const [strangers, lack] = [strangersTo(only!, given), lackOf(only!, given)];
  return [
    ...(strangers.length > 0 ? [`it has no ${named(strangers)}`] : []),
    ...(lack.length > 0 ? [`it needs ${named(lack)}`] : []),
  ].join(' and ');
}

const signatureOf = (routine: Routine): string =>
  `${routine.schema}.${routine.name}(${inputsOf(routine)
    .map(({ name, type, hasDefault }) => `${name} ${type}${hasDefault ? ' default …' : ''}`)
    .join(', ')})`;
