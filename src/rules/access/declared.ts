import type { Access, AccessDeviation } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import type { Place } from '../../model/finding.ts';
import { waysIn } from '../../probes/matrix/ways-in.ts';
import { nearest } from '../../sql/nearest.ts';
import { rule } from '../rule.ts';
import { principalName } from '../support/leaks/access-changes.ts';
import { homeOfChange, homeOfStanding, homeOfTable } from '../support/leaks/access-places.ts';
import { reproOf } from '../support/leaks/repro.ts';

export default rule({
  id: 'access/declared',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: access is not what the configuration declares',
  why: 'What a table is meant to be for can not be read from SQL. Where the configuration says it under `access`, the probes compare both ways: what is reached beyond it is a leak, what is not reached any more breaks the app.',
  remedy:
    'Mend the policies, or change the declaration where it is out of date. `migration-guard access --write` writes what holds today.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  facts({ facts, report }) {
    const known = facts.access?.head.objects.map(({ object }) => object) ?? [];
    for (const deviation of facts.access?.deviations ?? []) {
      const { object, principal, command, expected, seen, direction, cell } = deviation;
      report({
        message: `The configuration declares ${command.toUpperCase()} on "${object}" for ${principalName(principal)}: ${words[expected]}. ${observed(deviation, known)} ${next[direction]}`,
        at: home(deviation, facts),
        object,
        key: [principal, command, expected, seen, ...(deviation.conditions ?? [])].join(' '),
        severity: direction === 'unproven' ? 'warning' : undefined,
        causes: direction === 'more' ? ['access/widened'] : direction === 'less' ? ['access/narrowed'] : [],
        repro: reproOf(cell?.proof ?? []),
      });
    }
  },
});

const words: Readonly<Record<Access, string>> = {
  none: 'nothing',
  own: 'own rows',
  all: 'all rows',
  conditional: 'some rows',
  unknown: 'unknown',
};

/** Where the change widened or narrowed it; where it did not, what stood before. */
function home(deviation: AccessDeviation, facts: Facts): Place | null {
  const { object, principal, command, direction, seen, conditions } = deviation;
  if (direction === 'unproven') return homeOfTable(facts, object, command);
  const asked = { principal, command, direction };
  const was = facts.access?.base?.objects.find((each) => each.object === object);
  const access = was?.summary.find(
    (entry) => entry.principal === principal && entry.command === command,
  )?.access;
  const before = was === undefined ? [] : waysIn(was, asked);
  const moved = conditions?.some((way) => before.includes(way) === (direction === 'less')) ?? access !== seen;
  return moved ? homeOfChange(facts, object, asked) : homeOfStanding(facts, object, asked);
}

function observed(
  { seen, object, conditions, direction }: AccessDeviation,
  known: readonly string[],
): string {
  if (conditions !== undefined) {
    const under = conditions.join('; ');
    return direction === 'more'
      ? `The probes saw a way in that is not among the declared conditions: ${under}.`
      : `They no longer open under a declared condition: ${under}.`;
  }
  if (seen !== null) return `The probes saw: ${words[seen]}.`;
  if (known.includes(object)) return 'The probes found no such command.';
  const near = nearest(object, known);
  return `The probes found no such object.${near === null ? '' : ` Did you mean "${near}"?`}`;
}

const next = {
  more: 'Close what is open beyond that, or declare it.',
  less: 'Open what is meant to be open, or declare it.',
  unproven: 'Look at what could not be checked, or take it out of the configuration.',
};
