/** Tables that a function's body reads or writes past their policies. */
import type { Routine, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { isKnownByName } from '../../../sql/fold/table-access.ts';
import { keyOf } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, covers, isPlatform, predicateOf } from '../callers/roles.ts';
import { truthOf } from '../conditions/truth.ts';
import { isDeclaredPublic } from '../policies/openness.ts';
import { codeOf } from '../syntax/bodies.ts';
import { alternatives, columnParts, visitTree } from '../syntax/tree.ts';

/** Tables whose policies it passes by: read or written by name in its body. One that no migration made may have policies too. */
export function tablesTouched(routine: Routine, state: SchemaState): string[] {
  const { bare } = codeOf(routine.body);
  const found = new Set<string>();
  for (const [, verb, name] of bare.matchAll(mentions)) {
    const parts = name!
      .split(/\s*\.\s*/)
      .map((part) => (part.startsWith('"') ? part.slice(1, -1) : part.toLowerCase()));
    const schema = parts.length > 1 ? parts[0]! : 'public';
    const key = keyOf(schema, parts.at(-1)!);
    const table = isMadeElsewhere(key, state) ? undefined : state.tables.get(key);
    const writes = /^(insert|update|delete)/i.test(verb!);
    if (isPlatform(schema) || (table === undefined && !writes)) continue;
    // Reading what everybody may read gives nothing away.
    if (table !== undefined && (!table.rls || (!writes && isOpen(table, bare, state)))) continue;
    if (table === undefined && parts.length === 1 && /^(only|set|of|new|old)$/.test(parts[0]!)) continue;
    found.add(key);
  }
  // What is known of them can be said of the first.
  return [...found].sort((a, b) => Number(isMadeElsewhere(a, state)) - Number(isMadeElsewhere(b, state)));
}

/** No migration makes it: whether it has policies is not known. */
export function isMadeElsewhere(key: string, { tables }: SchemaState): boolean {
  const table = tables.get(key);
  return table === undefined || isKnownByName(table);
}

/** Everybody may read the table, or those of its rows that meet a condition which the body repeats (`deleted_at is null`). */
const isOpen = (table: Table, body: string, state: SchemaState) =>
  isDeclaredPublic(table, 'anon') ||
  table.policies.some((policy) => {
    const node = predicateOf(policy, 'select')?.node ?? null;
    if (!policy.permissive || !appliesTo(policy, 'anon') || !covers(policy, 'select') || node === null)
      return false;
    if (truthOf(node, { table, who: 'anyone' }) === 'true') return true;
    return alternatives(node).some((branch) => {
      const { reads, columns } = plainly(branch);
      return (
        !reads &&
        !looksAtCaller(branch, state) &&
        columns.length > 0 &&
        columns.every((name) => new RegExp(`\\b${escapeRegExp(name)}\\b`, 'i').test(body))
      );
    });
  });

/** Columns of a condition, and whether it reads other rows. */
function plainly(node: SyntaxNode): { reads: boolean; columns: readonly string[] } {
  const columns: string[] = [];
  let reads = false;
  visitTree(node, (kind, inner) => {
    if (kind === 'SubLink') reads = true;
    if (kind === 'ColumnRef') columns.push(columnParts(inner).at(-1) ?? '');
  });
  return { reads, columns };
}

const mentions =
  /\b(from|join|insert\s+into|(?<!\b(?:for|key|do)\s+)update|delete\s+from)\s+(?:only\s+)?((?:"?[\w$]+"?\s*\.\s*)?"?[\w$]+"?)/gi;
