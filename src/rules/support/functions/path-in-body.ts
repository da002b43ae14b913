/** A body that fixes its search_path itself, before it names anything. */
import type { Routine } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { codeOf } from '../syntax/bodies.ts';

export interface PathInBody {
  /** As the SET clause says it: `public, pg_temp`. */
  readonly path: string;
  /** How long it holds for whoever called the function. */
  readonly until: 'session' | 'transaction';
}

/** Null where its first statement does something else, or what it declares asks for something before. */
export function pathInBody({ language, body }: Routine): PathInBody | null {
  if (language !== 'plpgsql') return null;
  const found =
    /^\s*(?:declare\b((?:(?!\bbegin\b)[\s\S]){0,4000}))?\bbegin\b\s*(?:set\s+(local\s+)?search_path\s*(?:=|\bto\b)\s*([^;]{1,200})|perform\s+(?:pg_catalog\.)?set_config\s*\(\s*'search_path'\s*,\s*'([^']{0,200})'\s*,\s*(true|false)\s*\))\s*;/i.exec(
      codeOf(body).withStrings,
    );
  if (found === null || asksForSomething(found[1] ?? '')) return null;
  const [, , local, written, given, isLocal] = found;
  const path = written === undefined ? listOf(given!) : written.replace(/\s+/g, ' ').trim();
  // `from current` and the like say nothing that a SET clause could repeat.
  if (!/^(?:'[\w$]*'|"[\w$]+"|[\w$]+)(?: ?, ?(?:'[\w$]+'|"[\w$]+"|[\w$]+))*$/.test(path)) return null;
  if (/^default$/i.test(path)) return null;
  return {
    path,
    until: local !== undefined || isLocal?.toLowerCase() === 'true' ? 'transaction' : 'session',
  };
}

const listOf = (path: string) =>
  path.trim() === ''
    ? "''"
    : path
        .split(',')
        .map((name) => quoteIdent(name.trim().replaceAll('"', '')))
        .join(', ');

/** A value that a function or a query gives is looked for by the caller's path. */
const asksForSomething = (declared: string) =>
  /(?::=|\bdefault\b|(?<![<>!:])=)[^;]*(?:\bselect\b|[\w"]\s*\()|\bfor\s+select\b/i.test(
    codeOf(declared).bare,
  );
