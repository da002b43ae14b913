/** What stands open to whoever comes first, and to nobody after: the project's own way to its first administrator. */
import type { Facts } from '../../../model/facts.ts';
import type { LeakGroup } from './leak.ts';

/** What the rows of such an INSERT hold, `role = 'admin'`: a user was refused it once another's row held that. */
export function untilFirst({ object, leaks }: LeakGroup, { access }: Facts): string | null {
  const until = access?.head.escalations.find(
    (escalation) => escalation.object === object.object && escalation.until !== undefined,
  )?.until;
  const values = until?.match(/'[^']+'/g) ?? [];
  const isThat = ({ command, cell }: LeakGroup['leaks'][number]) =>
    command === 'insert' && values.every((value) => cell.proof[0]?.sql.includes(value));
  return until !== undefined && values.length > 0 && leaks.every(isThat) ? until : null;
}

export const onlyUntil = (until: string) => `It works only until a row there has ${until}.`;
