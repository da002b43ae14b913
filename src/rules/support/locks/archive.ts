/** Where copies of what goes are kept. */
import { splitKey } from '../../../sql/fold/table-access.ts';
import { quoteIdent } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';

/** A schema that the Data API does not show. */
export const archive = ({ facts }: FileContext): string =>
  ['archive', 'backup', 'private'].find((name) => !facts.project.exposedSchemas.includes(name)) ?? 'archive';

/** Whole tables, before their rows go. */
export const copiesOf = (keys: readonly string[], context: FileContext): readonly string[] => [
  `create schema if not exists ${archive(context)};`,
  ...keys.map((key) => `create table ${archive(context)}.${quoteIdent(splitKey(key)[1])} as table ${key};`),
];
