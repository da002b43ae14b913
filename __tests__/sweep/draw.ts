/** A seeded draw: the same mutants on every machine. */
import { createHash } from 'node:crypto';
import type { Mutant } from './mutants.ts';

/** At most `per` mutants of one operator. */
export function draw(mutants: readonly Mutant[], per: number, seed: string): Mutant[] {
  const rank = ({ name }: Mutant) => createHash('sha256').update(`${seed} ${name}`).digest('hex');
  const counted = new Map<string, number>();
  return [...mutants]
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .filter(({ operator }) => {
      const count = (counted.get(operator) ?? 0) + 1;
      counted.set(operator, count);
      return count <= per;
    });
}
