/** Where the change does what a problem comes of, when the object itself was written in an older file. */
import type { ChangeSet } from '../model/facts.ts';
import type { Place } from '../model/finding.ts';
import type { SourceFile, Statement } from '../model/sql.ts';
import { escapeRegExp } from '../sql/text.ts';
import type { Problem } from './rule.ts';
import { startOf } from './support/statements/places.ts';

/** Null where the problem stands in the change anyhow, or nowhere. */
export function causeIn(set: ChangeSet | null, { at, object, message }: Problem): Place | null {
  if (set === null || at === null || set.migrations.length === 0) return null;
  if (set.migrations.some(({ source }) => source.path === at.file)) return null;
  const sources = set.migrations.map(({ source }) => source);
  for (const name of namesIn(object ?? '', message)) {
    for (const source of sources) {
      const statement = source.statements.find((each) => mentions(each, name));
      if (statement !== undefined) return placeOf(source, statement);
    }
  }
  return startOf(sources.at(-1)!.path);
}

/** The object's own name first, then what the message names: the table behind a view, the policy, the key. */
function namesIn(object: string, message: string): string[] {
  const quoted = [...message.matchAll(/"([^"]+)"/g)].map(([, text]) => text!);
  const names = [object, ...quoted].map(
    (key) => key.replace(/\(.*$/s, '').replaceAll('"', '').split('.').at(-1)!,
  );
  return [...new Set(names)].filter((name) => name.length > 2);
}

const mentions = ({ sql, kind }: Statement, name: string) =>
  !/^(Select|Insert|Update|Delete|Comment|CreateFunction)Stmt$/.test(kind) &&
  new RegExp(`(?<![\\w$])${escapeRegExp(name)}(?![\\w$])`, 'i').test(sql);

const placeOf = (source: SourceFile, { span }: Statement): Place => ({ file: source.path, ...span });
