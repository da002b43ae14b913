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
      const key =
        keyIn(value) ??
        kept.get(
          value
            .replace(/::[\w."]+$/, '')
            .trim()
            .toLowerCase(),
        );
      return key === undefined || isLimited(value, code, key)
        ? []
        : [{ routine, table: table.key, column, key }];
    });
  });
}

/** `role` of `new.raw_user_meta_data ->> 'role'`. */
const keyIn = (value: string): string | undefined =>
  /raw_user_meta_data"?\s*\)?\s*->>?\s*'(\w+)'/i.exec(value)?.[1];

/** By the name of a variable, the key that it was given. */
function variablesIn(code: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name, value] of code.matchAll(
    /\b(\w+)(?:\s+[\w."]+(?:\([^)]*\))?)?\s*(?::=|\bdefault\b)([^;]*);/gi,
  )) {
    const key = keyIn(value!);
    if (key !== undefined) found.set(name!.toLowerCase(), key);
  }
  return found;
}

/** Some words are taken and others not: `in ('buyer', 'seller')`, or a list of what is refused. */
function isLimited(value: string, code: string, key: string): boolean {
  if (/\bcase\b|\bin\s*\(\s*'|=\s*any\b|\bselect\b/i.test(value)) return true;
  const reads = `(?:->>?\\s*'${escapeRegExp(key)}'\\s*\\)*|\\b\\w*${escapeRegExp(key)}\\w*)`;
  return new RegExp(
    `${reads}(?:::\\w+)?\\s*\\)*\\s*(?:not\\s+)?(?:in\\s*\\(|=\\s*(?:any\\b|'|\\()|<>|!=|is\\s+distinct\\b)`,
    'i',
  ).test(code);
}
