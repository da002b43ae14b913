/** The way back: found, written, tried. See `prove.ts` for how it is tried. */
export { defaultFolders, type FindInput, type FindOptions, type FoundPlan, findPlan } from './find.ts';
export { type Ground, lookOnRows } from './on-rows.ts';
export { type ProofInput, proveRollbacks, type UndoStep } from './prove.ts';
export { RowsRecorder, StepRecorder } from './record.ts';
export type { SqlOf } from './run.ts';
