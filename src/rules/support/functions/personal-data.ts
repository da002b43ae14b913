/** What a function gives of people: addresses, telephone numbers, dates of birth, numbers of documents. */
import type { Routine, SchemaState } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { sensitiveColumns } from '../owners/owners.ts';
import { codeOf } from '../syntax/bodies.ts';

/** It gives out personal columns of one of these tables, by name or with the whole row, and does not just compare them. */
export function givesPersonalData(routine: Routine, keys: readonly string[], state: SchemaState): boolean {
  if (answers.test(routine.returns)) return false;
  const { bare } = codeOf(routine.body);
  const columns = keys.flatMap((key) => {
    const table = state.tables.get(key);
    return table === undefined
      ? []
      : sensitiveColumns(
          table.columns.map(({ name }) => name),
          table,
        );
  });
  return columns.length > 0 && (wholeRow.test(bare) || columns.some((column) => isGiven(column, bare)));
}

/** One word that says yes, how many or which. */
const answers =
  /^(void|boolean|uuid|smallint|integer|bigint|numeric|double precision|real|date|timestamp.*)$/i;

const wholeRow =
  /\b(row_to_json|to_jsonb?|jsonb?_agg)\s*\(\s*"?\w+"?\s*\)[\s\S]*\bselect\s+("?\w+"?\s*\.\s*)?\*|\bselect\s+("?\w+"?\s*\.\s*)?\*[\s\S]*\b(row_to_json|to_jsonb?|jsonb?_agg)\s*\(\s*"?\w+"?\s*\)/i;

/** Named where it is no side of a comparison. */
const isGiven = (column: string, body: string) =>
  new RegExp(
    `(?<!(=|<>|\\blike)\\s*(lower\\s*\\(\\s*)?("?\\w+"?\\s*\\.\\s*)?"?)(?<![\\w$])${escapeRegExp(column)}(?![\\w$])(?!"?\\s*\\)?\\s*(=|<>|!=|~|i?like\\b|in\\b|is\\b))`,
    'i',
  ).test(body);
