/** Cells of what is read around the tables. */
import type { AccessCell, Proof } from '../../model/access.ts';
import type { Identity } from '../acting/principals.ts';

/** A SELECT that came to nothing. */
export const unreached = (
  { principal }: Identity,
  subject: AccessCell['subject'],
  proof: readonly Proof[] = [],
): AccessCell => ({
  principal,
  command: 'select',
  subject,
  outcome: 'filtered',
  columns: [],
  representation: true,
  when: null,
  via: null,
  proof,
  reason: null,
});
