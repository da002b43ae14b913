/** What makes somebody more than a member. */
import type { Table } from '../model/schema.ts';

/** Column names whose value is a rank, and not a state. */
export const rank = /role|rank|level|admin|owner|permission|super|staff|moderator|access|tier|scope/i;

/** States in which a member is one. */
const ofMembers = /activ|enabl|accept|confirm|verif|join|valid|current|present/i;

/** A flag that is false until somebody sets it, `is_internal`, and says more than that its member is one. */
export function isGiven(table: Table | undefined, column: string): boolean {
  const definition = table?.columns.find(({ name }) => name === column);
  return definition?.type === 'boolean' && definition.default?.text === 'false' && !ofMembers.test(column);
}
