/** A run that only reads the SQL: apart from the other stages, so that it loads no database. */
import type { Facts } from '../model/facts.ts';
import { onlyRead } from '../model/report.ts';
import type { Examination, ExamineInput } from './examination.ts';

export const readsOnly = ({ settings, config }: ExamineInput) =>
  settings.stages === 'static' || config.engine.kind === 'none';

export function examineNothing(input: ExamineInput): Examination {
  for (const id of ['replay', 'inspect', 'probe', 'rollback'] as const)
    input.book.note(id, 'skipped', onlyRead);
  return { facts: factsRead(input), engine: null, notChecked: [], database: null };
}

/** What is known before any database: the facts of a run that only reads. */
export function factsRead({ found, project, reading, settings }: ExamineInput): Facts {
  return {
    project,
    history: found.history,
    changeSets: reading.changeSets,
    sources: reading.sources,
    clientCalls: reading.clientCalls,
    storageCalls: reading.storageCalls,
    base: reading.base,
    head: reading.head,
    eraOf: reading.eraOf,
    eraByDate: reading.eraByDate,
    replay: null,
    access: null,
    rollback: null,
    schemaDiff: null,
    now: settings.now,
  };
}
