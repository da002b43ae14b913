/** Names of the policies that are offered. */
import type { Policy } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';

/** Postgres cuts names at 63 bytes. */
const most = 58;

/** Quoted; a name that no policy of the table bears. */
export function newPolicyName(name: string, kept: readonly Pick<Policy, 'name'>[]): string {
  const short = name.slice(0, most);
  const taken = kept.some((policy) => policy.name === short);
  return quoteIdent(taken ? `${short} only` : short).replace(/^([^"].*)$/, '"$1"');
}
