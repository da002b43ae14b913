/** Triggers off: what the probes change themselves must not be answered by the project. */
export const triggersOff = 'set local session_replication_role = replica';
export const triggersOn = 'set local session_replication_role = origin';

/** The statements without triggers or foreign keys looking on; none for none. */
export const quietly = (statements: readonly string[]): readonly string[] =>
  statements.length === 0 ? [] : [triggersOff, ...statements, triggersOn];
