/** Whom the probes had to put somewhere first: a row that no statement of the project lets anybody come to. */
import type { Footing } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import { escapeRegExp } from '../../sql/text.ts';

/**
 * Neither sign-up nor the user makes the row, no statement of any file does, and none that might is missing: files that
 * did not apply may give it.
 */
export function isOutOfReach(footing: Footing | undefined, { sources, replay }: Facts): boolean {
  if (footing?.given !== 'nowhere') return false;
  const name = escapeRegExp(footing.table.split('.').at(-1)!.replaceAll('"', ''));
  const made = new RegExp(`\\b(insert|merge)\\s+into\\s+(only\\s+)?("?\\w+"?\\.)?"?${name}"?(?![\\w$])`, 'i');
  const entering = new RegExp(
    `\\bcreate\\s+policy\\b[^;]*?\\bon\\s+("?\\w+"?\\.)?"?${name}"?(?![\\w$])(?!\\s+(as\\s+permissive\\s+)?for\\s+(select|update|delete)\\b)`,
    'i',
  );
  const lost = new Set(replay?.runs.flatMap(({ path, status }) => (status === 'applied' ? [] : [path])));
  return ![...sources].some(([path, { text }]) => made.test(text) || (lost.has(path) && entering.test(text)));
}

export const outOfReach = ({ table }: Footing) =>
  `It takes a row in "${table}", which neither sign-up nor the user makes.`;
