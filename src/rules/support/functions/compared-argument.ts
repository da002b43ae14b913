/** What a body compares with an argument: `t.token = p_token`, or the other way round. What SET assigns is none. */
import type { Routine } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { codeOf } from '../syntax/bodies.ts';
import { remembered } from '../syntax/tree.ts';

export function comparesWith(column: string, argument: string, routine: Routine): boolean {
  const [left, right] = [column, argument].map((name) => `(?:"?\\w+"?\\.){0,2}"?${escapeRegExp(name)}`);
  const either = [`${left}"?\\s*=\\s*${right}`, `${right}"?\\s*=\\s*${left}`].join('|');
  return new RegExp(`(?<![\\w$.])(?:${either})(?![\\w$])`, 'i').test(withoutSet(routine));
}

const withoutSet = remembered(({ body }: Routine) =>
  codeOf(body).bare.replace(/\bset\b[^;]*?(?=\bwhere\b|;|$)/gi, ' '),
);
