import { rule } from '../rule.ts';
import { startOf } from '../support/places.ts';
import { overviewOf } from '../support/versions.ts';

export default rule({
  id: 'history/sort-order',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a version whose order as a string is not its order as a number',
  why: 'The Supabase CLI sorts versions as strings: "10_b" runs before "9_a", and "088_x" before every version that begins with a year.',
  remedy: 'Use 14 digits for every version: `YYYYMMDDHHMMSS`.',
  since: '0.1.0',
  sources: ['https://github.com/supabase/cli/blob/develop/apps/cli-go/pkg/migration/list.go'],
  fixable: false,
  file({ facts, changed, report }) {
    if (changed.change === 'edited') return;
    const { migration } = changed;
    // Where nearly all files count alike, an odd one among them is the one to speak of.
    const alike = (overviewOf(facts.history).lengths.get(migration.version.length) ?? 1) - 1;
    const count = facts.history.head.length - 1;
    if (alike >= 0.8 * count && count > 1) return;
    const others = facts.history.head.filter(({ path }) => path !== migration.path);
    const number = meant(migration.version);
    const other = others.find(({ version }) => {
      const theirs = meant(version);
      if (theirs === number || theirs < number === version < migration.version) return false;
      // "0145" between "014" and "015" is put there on purpose: as a number it would stand far off.
      const [low, high] = theirs < number ? [theirs, number] : [number, theirs];
      const longer = theirs < number ? migration.version : version;
      return !(longer.startsWith('0') && high - low > 10n);
    });
    if (other === undefined) return;
    const [first, second] = migration.version < other.version ? [migration, other] : [other, migration];
    report({
      message: `The Supabase CLI sorts versions as strings, so "${first.fileName}" runs before "${second.fileName}", although its number is higher. Give every version 14 digits.`,
      at: startOf(migration.path),
      object: migration.path,
    });
  },
});

/**
 * The number a version means: a day is its beginning, whatever of the time is left out or mistyped, also one that no
 * calendar has ("20261132").
 */
function meant(version: string): bigint {
  const date = /^(19|20)\d{6,11}$/.test(version);
  return BigInt(date ? version.padEnd(14, '0') : version);
}
