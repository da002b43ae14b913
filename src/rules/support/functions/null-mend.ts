/** The way out of a check that lets visitors pass, as their `auth.uid()` is null. */
import type { Routine } from '../../../model/schema.ts';
import type { NullBlind } from './null-blind.ts';

/** Why they pass. */
export const passesNobody = ({ condition, bodyLine }: NullBlind) =>
  `Its check "${short(condition)}" (line ${bodyLine} of its body) is null for whoever has not signed in, as "auth.uid()" is, and IF takes null for false: they pass.`;

/** The same of a rank: whoever has none passes, signed in or not. */
export const passesWithoutRow = ({ condition, bodyLine }: NullBlind) =>
  `Its check "${short(condition)}" (line ${bodyLine} of its body) is null for whoever has no such row, signed in or not, and IF takes null for false: they pass`;

/** The comparison, so that null refuses too. */
export const refusingNull = ({ condition }: NullBlind) =>
  `-- in its body\nif coalesce(${condition.replace(/\s+/g, ' ')}, true) then`;

/** EXECUTE for signed-in users alone; or the comparison. */
export const closedToNobody = ({ key }: Routine, blind: NullBlind | null) =>
  `revoke execute on function ${key} from public, anon;\ngrant execute on function ${key} to authenticated, service_role;${blind === null ? '' : `\n-- or, in its body, which refuses a server's key as well\n-- if coalesce(${blind.condition.replace(/\s+/g, ' ')}, true) then`}`;

const short = (condition: string) => {
  const line = condition.replace(/\s+/g, ' ');
  return line.length > 90 ? `${line.slice(0, 88)} …` : line;
};
