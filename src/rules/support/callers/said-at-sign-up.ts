/** What a trigger on `auth.users` writes of the metadata that the new user gave: `signUp({ options: { data } })`. */
import type { Routine, SchemaState } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { codeOf } from '../syntax/bodies.ts';
import { itemsOf, routineNamed, signUpTriggers } from './sign-up.ts';

export interface Said {
  readonly routine: Routine;
  /** Key of the table. */
  readonly table: string;
  readonly column: string;
  /** Key of the metadata. */
  readonly key: string;
}

export function saidAtSignUp(state: SchemaState): readonly Said[] {
  const names = [
    ...new Set(
      signUpTriggers(state)
        .filter(({ events }) => events.includes('insert'))
        .map((trigger) => trigger.function),
    ),
  ];
  return names.flatMap((name) => {
    const routine = routineNamed(name, state);
    return routine === null ? [] : saidIn(routine, state);
  });
}

const inserts =
  /\binsert\s+into\s+(?:"?(\w+)"?\s*\.\s*)?"?(\w+)"?\s*(?:as\s+\w+\s*)?\(([^()]*)\)\s*(?:values\s*\(|select\b)([^;]*)/gi;

function saidIn(routine: Routine, state: SchemaState): Said[] {
  const code = codeOf(routine.body).withStrings;
  if (!/raw_user_meta_data/i.test(code)) return [];
  const kept = variablesIn(code);
  return [...code.matchAll(inserts)].flatMap(([, schema, name, columns, values]) => {
    const table = [...state.tables.values()].find(
      (each) => each.name === name!.toLowerCase() && each.schema === (schema ?? 'public').toLowerCase(),
    );
    if (table === undefined) return [];
    const given = itemsOf(values!);
    return columns!.split(',').flatMap((item, at): Said[] => {
      const column = item.replace(/[\s"]/g, '');
      const value = given[at] ?? '';
      const variable = value
        .replace(/::[\w."]+$/, '')
        .trim()
        .toLowerCase();
      const said = keyIn(value) === undefined ? kept.get(variable) : value;
      const key = said === undefined ? undefined : keyIn(said);
      const names = [...kept].filter(([, given]) => keyIn(given) === key).map(([each]) => each);
      return key === undefined || isLimited(said!, code, key, names)
        ? []
        : [{ routine, table: table.key, column, key }];
    });
  });
}

/** `role` of `new.raw_user_meta_data ->> 'role'`. */
const keyIn = (value: string): string | undefined =>
  /raw_user_meta_data"?\s*\)?\s*->>?\s*'(\w+)'/i.exec(value)?.[1];

/** By its name, what a variable was given of it. */
function variablesIn(code: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name, value] of code.matchAll(
    /\b(\w+)(?:\s+[\w."]+(?:\([^)]*\))?)?\s*(?::=|\bdefault\b)([^;]*);/gi,
  )) {
    if (keyIn(value!) !== undefined) found.set(name!.toLowerCase(), value!);
  }
  return found;
}

/** Words for those who run the place. */
export const runsThePlace = /admin|owner|staff|super|manager|moderator|root|chef|dono/i;

/** Some words are taken and those of who runs the place are not: by a list of either, or by what a CASE makes of them. */
function isLimited(value: string, code: string, key: string, variables: readonly string[]): boolean {
  // Looked up by it: an invitation's code.
  if (/\bselect\b.*\bfrom\b.*raw_user_meta_data/is.test(value)) return true;
  const results = resultsOfCase(value);
  if (results.length > 0 && !results.some((result) => readsKey(result, key)))
    return !results.some((result) => /\btrue\b/i.test(result) || runsThePlace.test(result));
  return guards(code, key, variables).some(({ words, lists }) => {
    if (words === null) return true;
    const named = words.filter((word) => !/^(|true|t|yes|on|1)$/i.test(word));
    const some = named.some((word) => runsThePlace.test(word));
    return named.length > 0 && (lists === 'taken' ? !some : some);
  });
}

const readsKey = (text: string, key: string) => keyIn(text) === key;

/** What stands behind THEN and ELSE. */
const resultsOfCase = (value: string): readonly string[] =>
  /\bcase\b/i.test(value)
    ? [...value.matchAll(/\b(?:then|else)\b(.*?)(?=\b(?:when|else|end)\b|$)/gis)].map(([, result]) => result!)
    : [];

interface Guard {
  /** Null where they are not written out. */
  readonly words: readonly string[] | null;
  /** Those words, or all others. */
  readonly lists: 'taken' | 'refused';
}

/** NOT around a comparison, up to what is compared. */
const isNot =
  /\bnot\b(?:[\s(]|\b(?:lower|upper|b?trim|coalesce)\s*\(|\bnew\s*\.|"?\braw_user_meta_data\b"?)*$/i;

/** Comparisons of what was said with words, and what comes of them: another value in its place, an error, or the value itself. */
function guards(code: string, key: string, variables: readonly string[]): readonly Guard[] {
  const names = [`\\w*${escapeRegExp(key)}\\w*`, ...variables.map(escapeRegExp)].join('|');
  const compared = new RegExp(
    `(?:->>?\\s*'${escapeRegExp(key)}'|\\b(?:${names}))(?:\\s*\\)|\\s*::\\s*[\\w.]+|\\s*,\\s*'[^']*'\\s*\\))*\\s*` +
      `(?:(not\\s+)?in\\s*\\(|(=\\s*any\\b)|(<>|!=|is\\s+distinct\\s+from\\b)|=\\s*(?=['(])|(?<=\\bcase\\b[^;]*)(when)\\s*(?='))`,
    'gi',
  );
  return [...code.matchAll(compared)].flatMap((match): Guard[] => {
    const [whole, notIn, , differs] = match;
    const before = code.slice(0, match.index);
    const isAssigned = /=\s*$/.test(whole) && /(?:;|\bthen|\belse|\bbegin|\bloop)\s*$/i.test(before);
    if (isAssigned) return [];
    const behind = code.slice(match.index + whole.length);
    const list =
      /^\s*(?:all\b)?[\s(]*(?:array\s*\[)?\s*('[^']*'(?:\s*::\s*[\w.]+)?(?:\s*,\s*'[^']*'(?:\s*::\s*[\w.]+)?)*)/i.exec(
        behind,
      )?.[1];
    if (list === undefined)
      return /^\s*(?:all\b)?[\s(]*enum_range\b/i.test(behind) ? [] : [{ words: null, lists: 'taken' }];
    const words = [...list.matchAll(/'([^']*)'/g)].map(([, word]) => word!);
    const isNegated = (notIn !== undefined || differs !== undefined) !== isNot.test(before);
    const then = /^[^;]*?\bthen\b\s*(.*?)(?=\b(?:when|else|elsif|end)\b|;)/is.exec(behind)?.[1];
    const isReplaced =
      then !== undefined && /^raise\b|^(?:\w+\s*:?=\s*)?(?:'[^']*'|null\b|false\b)/i.test(then);
    return [{ words, lists: isNegated === isReplaced ? 'taken' : 'refused' }];
  });
}
