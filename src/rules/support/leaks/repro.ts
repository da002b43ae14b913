/** A proof as a person reads it: each step once, as whom it was run, and what came back. */
import type { Proof } from '../../../model/access.ts';

export const reproOf = (proofs: readonly Proof[]): string | undefined =>
  proofs.length === 0
    ? undefined
    : [...new Set(proofs.map(({ as, sql, result }) => `-- as ${as}\n${sql}\n-- ${result}`))].join('\n\n');
