/** What a migration that failed would have closed. */
import type { Facts } from '../../../model/facts.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { allCallsOn } from '../application/client-calls.ts';
import type { LeakGroup } from './leak.ts';

/**
 * A file that did not apply, on its own or for want of what no migration makes, and that would have turned row level
 * security on for this table, or dropped the policy that opened it.
 */
export function lostGuard({ object, opener }: LeakGroup, { replay, sources }: Facts): string | null {
  if (object.kind !== 'table' || opener === null) return null;
  const name = escapeRegExp(object.object.split('.').at(-1)!);
  const table = `("?\\w+"?\\.)?"?${name}(?![\\w$])`;
  // Turned off by name: another file did not forget it.
  const off = new RegExp(
    `\\balter\\s+table\\b[^;]*(?<![\\w$])${name}(?![\\w$])[^;]*\\bdisable\\s+row\\s+level\\b`,
    'i',
  );
  const guards =
    opener === 'off'
      ? [
          new RegExp(
            `\\balter\\s+table\\s+(if\\s+exists\\s+)?(only\\s+)?${table}"?\\s+enable\\s+row\\s+level\\b`,
            'i',
          ),
          // A loop over names.
          new RegExp(`'${name}'[\\s\\S]*\\benable\\s+row\\s+level\\b`, 'i'),
        ]
      : [
          new RegExp(
            `\\bdrop\\s+policy\\s+(if\\s+exists\\s+)?"?${escapeRegExp(opener.name)}"?\\s+on\\s+${table}`,
            'i',
          ),
        ];
  if (opener === 'off' && [...sources.values()].some(({ text }) => off.test(text))) return null;
  const lost = replay?.runs.find(({ path, status, statements }) => {
    const text = sources.get(path)?.text ?? '';
    const lines = text.split('\n');
    const parts =
      status === 'partial'
        ? statements
            .filter((statement) => statement.status === 'failed')
            .map(({ line, endLine }) => lines.slice(line - 1, endLine).join('\n'))
        : status === 'applied'
          ? []
          : [text];
    return parts.some((part) => guards.some((guard) => guard.test(part)));
  });
  return lost?.path.split('/').at(-1) ?? null;
}

/**
 * The file that alone makes the table and that Postgres refuses as a whole, for its syntax. What the code or another file
 * asks for is there all the same, by whatever way.
 */
export function refusedMaker({ object }: LeakGroup, facts: Facts): string | null {
  const table = facts.head.tables.get(object.object);
  const path = table?.origin?.file;
  if (object.kind !== 'table' || path === undefined || (facts.sources.get(path)?.issue ?? null) === null)
    return null;
  const every = ['select', 'insert', 'update', 'delete'] as const;
  const asked = new RegExp(
    `\\b(on|table|exists|into|references|from|join|update|only)\\s+("?\\w+"?\\.)?"?${escapeRegExp(table!.name)}(?![\\w$])`,
    'i',
  );
  const isAsked =
    allCallsOn(table!.key, every, facts).length > 0 ||
    [...facts.sources.values()].some((source) => source.path !== path && asked.test(source.text));
  return isAsked ? null : path.split('/').at(-1)!;
}
