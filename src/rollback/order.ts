/** Puts actions in an order that holds all "after"; among those that are free, drops first, then changes, then what is made. */
import type { CatalogKind } from '../model/catalog.ts';
import type { PlannedStatement } from './plan.ts';

export interface Action {
  readonly id: string;
  readonly phase: 'drop' | 'alter' | 'create';
  readonly kind: CatalogKind;
  readonly statements: readonly PlannedStatement[];
  /** Ids of actions that come first; unknown ones count for nothing. */
  readonly after: readonly string[];
  /** Ids of actions that come later. */
  readonly before?: readonly string[];
}

const phases = { drop: 0, alter: 1, create: 2 } as const;

/** From what hangs on things to what things hang on; made in the opposite order. */
const fromTheLeaves: readonly CatalogKind[] = [
  'cron job',
  'queue',
  'event trigger',
  'publication table',
  'publication',
  'comment',
  'security label',
  'grant',
  'policy',
  'rls',
  'trigger',
  'rule',
  'view',
  'materialized view',
  'statistics',
  'index',
  'constraint',
  'default',
  'sequence owner',
  'column',
  'foreign table',
  'table',
  'sequence',
  'user mapping',
  'server',
  'foreign data wrapper',
  'text search configuration',
  'text search dictionary',
  'conversion',
  'cast',
  'operator',
  'aggregate',
  'procedure',
  'function',
  'other',
  'type',
  'collation',
  'bucket',
  'default privilege',
  'schema',
  'extension',
  'membership',
  'setting',
  'role',
  'database',
];
const rank = new Map(fromTheLeaves.map((kind, i) => [kind, i]));

export function order(actions: readonly Action[]): Action[] {
  const byId = new Map(actions.map((action) => [action.id, action]));
  const waits = new Map(actions.map((action) => [action.id, new Set<string>()]));
  const add = (first: string, then: string) => {
    if (first !== then && byId.has(first) && byId.has(then)) waits.get(then)!.add(first);
  };
  for (const { id, after, before } of actions) {
    for (const first of after) add(first, id);
    for (const then of before ?? []) add(id, then);
  }
  const weight = ({ phase, kind }: Action) => {
    const depth = rank.get(kind) ?? fromTheLeaves.length;
    // Default privileges hold for what is made after them.
    if (kind === 'default privilege') return phase === 'drop' ? 60 : 100;
    return phases[phase] * 100 + (phase === 'create' ? 99 - depth : depth);
  };
  const left = [...actions].sort((a, b) => weight(a) - weight(b) || (a.id < b.id ? -1 : 1));
  const sorted: Action[] = [];
  while (left.length > 0) {
    // A cycle can't be satisfied: the lightest goes first, and the database tells whether it may.
    const free = Math.max(
      0,
      left.findIndex(({ id }) => waits.get(id)!.size === 0),
    );
    const [action] = left.splice(free, 1) as [Action];
    for (const set of waits.values()) set.delete(action.id);
    sorted.push(action);
  }
  return sorted;
}
