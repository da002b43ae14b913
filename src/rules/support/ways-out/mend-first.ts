/** What has to be mended before a policy that is offered can hold: tables that it reads and whose policies lead back to them. */
import type { SchemaState } from '../../../model/schema.ts';
import { keyOf } from '../../../sql/names.ts';
import { appliesTo, covers } from '../callers/roles.ts';
import { readsOf, recursingBehind } from '../policies/recursion.ts';

const fence = '```sql\n';

/** The help with a line above its SQL; as it is, where the tables that it reads can be read. */
export function mendingFirst(help: string, object: string, state: SchemaState): string {
  if (!help.startsWith(fence)) return help;
  const keys = tablesIn(help).filter((key) => key !== object);
  const broken = new Set(keys.flatMap((key) => recursingBehind(key, 'authenticated', state)?.key ?? []));
  const isAsked = /\bfor (?:select|all) to \w+(?: as \w+)?\s+using \([^;]*\bfrom\b/i.test(help);
  const back = isAsked ? keys.filter((key) => !broken.has(key) && readsFor(key, state).includes(object)) : [];
  const notes = [
    ...[...broken].map(
      (key) =>
        `-- first mend the policies of ${key}, which lead back to it (rls/recursion): till then this fails with 42P17`,
    ),
    ...[...new Set(back)].map(
      (key) =>
        `-- policies of ${key} read ${object}: so that neither leads back to itself (42P17), look the row up in a security definer function`,
    ),
  ];
  return notes.length === 0 ? help : `${fence}${notes.join('\n')}\n${help.slice(fence.length)}`;
}

/** What the policies read that SELECT asks. */
const readsFor = (key: string, state: SchemaState): string[] => {
  const table = state.tables.get(key);
  if (table?.rls !== true) return [];
  return table.policies
    .filter((policy) => covers(policy, 'select') && appliesTo(policy, 'authenticated'))
    .flatMap((policy) => readsOf(policy, table, state));
};

/** Those that the offered policies look into. */
const tablesIn = (help: string): string[] => [
  ...new Set(
    [
      ...help
        .replace(/--[^\n]*/g, '')
        .matchAll(/\(\s*select\b[^()]*?\b(?:from|join)\s+("?[\w$]+"?(?:\s*\.\s*"?[\w$]+"?)?)/gi),
    ].map(([, name]) => {
      const parts = name!.replace(/["\s]/g, '').split('.');
      return keyOf(parts.length > 1 ? parts[0]! : 'public', parts.at(-1)!);
    }),
  ),
];
