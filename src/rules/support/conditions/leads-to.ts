/** Whether what a condition reads comes back to the table that it is to stand on: Postgres would refuse that as endless. */
import type { SchemaState, Table } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';

/** It reads the table itself, or one whose policies do. */
export const leadsTo = (read: string, { key, name }: Table, state: SchemaState): boolean =>
  read === key ||
  (state.tables.get(read)?.policies ?? []).some(({ using, check }) =>
    new RegExp(`\\b${escapeRegExp(name)}\\b`, 'i').test(`${using?.text ?? ''} ${check?.text ?? ''}`),
  );
