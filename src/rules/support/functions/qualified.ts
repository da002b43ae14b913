/** Does a function's body name everything with its schema, so that an empty search_path changes nothing? */
import type { Routine, SchemaState } from '../../../model/schema.ts';
import { keyOf } from '../../../sql/names.ts';
import { callsIn } from '../callers/caller.ts';
import { codeOf } from '../syntax/bodies.ts';
import { tablesWritten } from './written-tables.ts';

// What may stand behind FROM, JOIN, INTO … without being a relation.
const innocent = new Set(
  `select lateral only unnest generate_series jsonb_array_elements jsonb_array_elements_text json_array_elements jsonb_each
  jsonb_each_text json_each jsonb_object_keys jsonb_to_recordset jsonb_to_record json_to_recordset regexp_split_to_table
  string_to_table regexp_matches generate_subscripts strict now current_date current_timestamp values old new`.split(
    /\s+/,
  ),
);

// What stands behind these words is no relation: an upsert's columns, a locked row, an operand, what RAISE tells.
const noRelation =
  /\bdo\s+update(?=\s+set\b)|\bfor\s+(no\s+key\s+)?update\b|\bis\s+(not\s+)?distinct\s+from\b|\bextract\s*\(\s*\w+\s+from\b|\busing(?=\s+(errcode|message|hint|detail)\s*:?=)/g;

/** Only where it is certain: a relation, type or function without schema, or dynamic SQL, is a no. */
export function isQualified(routine: Routine, state: SchemaState): boolean {
  if (routine.language !== 'sql' && routine.language !== 'plpgsql') return false;
  const { bare } = codeOf(routine.body);
  const code = bare.toLowerCase().replace(noRelation, ' ');
  if (code.trim() === '' || /\bexecute\b/.test(code)) return false;
  const ctes = new Set(
    [...code.matchAll(/\b([a-z_]\w*)\s+as\s+(?:not\s+)?(?:materialized\s+)?\(/g)].map(([, name]) => name!),
  );
  for (const [, relation] of code.matchAll(
    /\b(?:from|join|update|insert\s+into|delete\s+from|using|refresh\s+materialized\s+view(?:\s+concurrently)?|truncate(?:\s+table)?)\s+("?[a-z_][\w$."]*)/g,
  )) {
    // `trim(both from x)`, `substring(x from n)`: a name that is a variable or column. Not certain: no.
    if (!relation!.includes('.') && !ctes.has(relation!) && !innocent.has(relation!)) return false;
  }
  return !mentions(code, state);
}

/**
 * What runs inside it without a path of its own, and would look for bare names on the empty one: functions that it
 * calls, and those of triggers on tables that it writes.
 */
export function bareNamesBehind(
  routine: Routine,
  state: SchemaState,
  seen: ReadonlySet<string> = new Set(),
): readonly string[] {
  const deeper = new Set(seen).add(routine.key);
  const found = runsInside(routine, state)
    .filter(({ key, config }) => config.search_path === undefined && !deeper.has(key))
    .flatMap((inner) => (isQualified(inner, state) ? bareNamesBehind(inner, state, deeper) : [inner.key]));
  return [...new Set(found)];
}

/** The statement that lets it run with its owner's rights, on a path that is fixed then. */
export function asItsOwner(routine: Routine, state: SchemaState): string {
  const path = isQualified(routine, state) && bareNamesBehind(routine, state).length === 0 ? "''" : 'public';
  return `alter function ${routine.key} security definer${routine.config.search_path === undefined ? ` set search_path = ${path}` : ''};`;
}

function runsInside(routine: Routine, state: SchemaState): readonly Routine[] {
  const fired = tablesWritten(routine, state).flatMap(({ verb, key }) =>
    state.tables
      .get(key)!
      .triggers.filter(({ enabled, events }) => enabled && events.includes(verb))
      .map((trigger) => trigger.function),
  );
  const triggers = [...state.routines.values()].filter(({ schema, name }) =>
    fired.includes(keyOf(schema, name)),
  );
  return [...callsIn(codeOf(routine.body), state), ...triggers];
}

/** A bare word that is the name of something of the project: a type in a cast or declaration, a function, a table. */
function mentions(code: string, state: SchemaState): boolean {
  const known = namesOf(state);
  for (const match of code.matchAll(/(?<![\w$."])([a-z_][\w$]*)(?=\s*([(%;,)[\]]|\s|$))/g)) {
    const word = match[1]!;
    const behind = code.slice(match.index + word.length).trimStart();
    const before = code.slice(0, match.index).trimEnd();
    if (known.functions.has(word) && behind.startsWith('(') && !before.endsWith('into')) return true;
    if (
      known.types.has(word) &&
      (before.endsWith('::') || /\bas$/.test(before) || /^[a-z_]\w*\s*;/.test(`${word}${behind}`))
    )
      return true;
    if (known.relations.has(word) && behind.startsWith('%')) return true;
  }
  return false;
}

interface Names {
  readonly functions: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  readonly relations: ReadonlySet<string>;
}

const cache = new WeakMap<SchemaState, Names>();

// Functions of the extensions that Supabase puts into schema `extensions`: an empty path hides them.
const ofExtensions =
  `uuid_generate_v1 uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4 uuid_generate_v5 crypt gen_salt
  digest hmac gen_random_bytes encrypt decrypt pgp_sym_encrypt pgp_sym_decrypt similarity unaccent http_post http_get http
  sign verify st_distance st_dwithin st_makepoint st_setsrid st_point vector halfvec geography geometry`.split(
    /\s+/,
  );
const typesOfExtensions = 'vector halfvec sparsevec citext hstore ltree geography geometry'.split(' ');

function namesOf(state: SchemaState): Names {
  let names = cache.get(state);
  if (names === undefined) {
    names = {
      functions: new Set([...ofExtensions, ...[...state.routines.values()].map(({ name }) => name)]),
      types: new Set([...typesOfExtensions, ...[...state.types.values()].map(({ name }) => name)]),
      relations: new Set([...state.tables.values(), ...state.views.values()].map(({ name }) => name)),
    };
    cache.set(state, names);
  }
  return names;
}
