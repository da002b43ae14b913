/** When a trigger fires, as Postgres keeps it in one number: TRIGGER_TYPE_* (src/include/catalog/pg_trigger.h). */
import type { Trigger } from '../model/schema.ts';

const before = 2;
const insteadOf = 64;
const events = [
  [4, 'insert'],
  [8, 'delete'],
  [16, 'update'],
  [32, 'truncate'],
] as const;

export function timingOf(type: number): Trigger['timing'] {
  if ((type & insteadOf) !== 0) return 'instead of';
  return (type & before) !== 0 ? 'before' : 'after';
}

export const eventsOf = (type: number): Trigger['events'] =>
  events.filter(([bit]) => (type & bit) !== 0).map(([, event]) => event);
