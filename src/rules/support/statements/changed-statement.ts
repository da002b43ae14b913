/** Where the change speaks of something, by name. */
import type { Facts } from '../../../model/facts.ts';
import type { Place } from '../../../model/finding.ts';
import type { Origin } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';

export const isOfChange = (origin: Origin, { changeSets }: Facts): origin is Place =>
  changeSets.some(({ migrations }) => migrations.some(({ source }) => source.path === origin?.file));

/** The last statement of such a kind that has all these words; null where there is none. */
export function changedStatement(
  { changeSets }: Facts,
  words: readonly string[],
  kinds: RegExp,
): Place | null {
  const patterns = words.map((word) => new RegExp(`(?<![\\w$])${escapeRegExp(word)}(?![\\w$])`, 'i'));
  for (const { source } of changeSets.flatMap(({ migrations }) => migrations).toReversed()) {
    const found = source.statements.findLast(
      ({ sql, kind }) => kinds.test(kind) && patterns.every((pattern) => pattern.test(sql)),
    );
    if (found !== undefined) return { file: source.path, ...found.span };
  }
  return null;
}
