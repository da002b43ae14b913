/** Triggers off: what the probes change themselves must not be answered by the project. */
export const triggersOff = `select set_config('session_replication_role', 'replica', true)`;
export const triggersOn = `select set_config('session_replication_role', 'origin', true)`;

/** The statements without triggers or foreign keys looking on; none for none. */
export const quietly = (statements: readonly string[]): readonly string[] =>
  statements.length === 0 ? [] : [triggersOff, ...statements, triggersOn];
