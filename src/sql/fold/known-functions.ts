/** What casts and functions give that ask the catalog, or make texts of texts. */
import { isBuiltinType, qualified, quoteIdent, quoteLiteral } from '../names.ts';
import { constraintDefinition, type Value } from './catalog-rows.ts';
import type { Draft } from './draft.ts';
import { formatted, joined, type Known, replaced } from './known-values.ts';
import { nameParts } from './references.ts';
import { findByName } from './routines.ts';

export function cast(draft: Draft, value: Known, type: string): Known {
  if (value === undefined || value === null) return value;
  switch (type) {
    case 'regclass':
      return typeof value === 'string' ? relationNamed(draft, value) : undefined;
    case 'regnamespace':
      return typeof value === 'string' ? (nameParts(value)[0] ?? value) : undefined;
    case 'regtype':
      return typeof value === 'string' ? typeNamed(draft, value) : undefined;
    case 'regproc':
    case 'regprocedure':
    case 'oid':
      return value;
    case 'regrole':
      return typeof value === 'string' ? (nameParts(value)[0] ?? value) : undefined;
    case 'text':
    case 'name':
    case 'varchar':
    case 'bpchar':
      return typeof value === 'object' ? value : String(value);
    case 'bool':
      return value === 't' || value === 'true' ? true : value === 'f' || value === 'false' ? false : value;
    case 'int4':
    case 'int8':
      return Number(value);
    default:
      return value;
  }
}

function relationNamed(draft: Draft, text: string): Known {
  const key = draft.relationNamed(nameParts(text));
  return draft.isRelation(key) ? key : undefined;
}
function typeNamed(draft: Draft, text: string): Known {
  const { schema, name } = qualified(nameParts(text));
  if (isBuiltinType(name)) return name;
  const key = draft.typeKey(schema, name);
  return draft.has('type', key) || draft.has('table', key) ? key : undefined;
}
/** A function's value for arguments that are all known. */
export function called(draft: Draft, name: string, values: readonly Value[]): Known {
  const [first, second, third] = values;
  switch (name) {
    case 'to_regclass':
      return relationNamed(draft, String(first)) ?? null;
    case 'to_regtype':
      return typeNamed(draft, String(first)) ?? null;
    case 'to_regnamespace':
      return draft.has('schema', String(first)) ? String(first) : null;
    case 'to_regproc':
    case 'to_regprocedure': {
      const written = String(first);
      const parts = nameParts(written.replace(/\(.*$/s, ''));
      const found = findByName(draft, parts);
      const args = /\((.*)\)\s*$/s.exec(written)?.[1];
      if (args === undefined || found.length === 0) return found[0] ?? null;
      const count = args.trim() === '' ? 0 : args.split(',').length;
      return (
        found.find(
          (key) =>
            draft.get('routine', key)!.arguments.filter((a) => a.mode !== 'out' && a.mode !== 'table')
              .length === count,
        ) ?? null
      );
    }
    case 'format':
      return formatted(values);
    case 'quote_ident':
      return first === null ? null : quoteIdent(String(first));
    case 'quote_literal':
    case 'quote_nullable':
      return first === null ? null : quoteLiteral(String(first));
    case 'lower':
      return first === null ? null : String(first).toLowerCase();
    case 'upper':
      return first === null ? null : String(first).toUpperCase();
    case 'trim':
    case 'btrim':
      return first === null ? null : String(first).trim();
    case 'replace':
      return replaced(String(first), String(second), String(third));
    case 'concat':
      return joined(values);
    case 'pg_get_function_identity_arguments':
    case 'oidvectortypes': {
      const key = String(first);
      return draft.has('routine', key) ? key.slice(key.indexOf('(') + 1, -1) : undefined;
    }
    case 'pg_get_constraintdef':
      return constraintDefinition(draft, String(first));
    case 'has_function_privilege':
    case 'has_table_privilege':
    case 'has_schema_privilege':
      return holds(draft, name.slice(4, -10), String(first), String(second), String(third));
    case 'array_to_string':
      return Array.isArray(first) ? joined(first, String(second)) : undefined;
    case 'array_length':
    case 'cardinality':
      return Array.isArray(first) ? first.length : undefined;
    default:
      return undefined;
  }
}

/** has_…_privilege(role, object, privilege), by grants to the role and to PUBLIC. */
function holds(draft: Draft, kind: string, role: string, object: string, privilege: string): Known {
  const key = kind === 'table' ? relationNamed(draft, object) : object;
  const found =
    kind === 'function'
      ? draft.get('routine', object)
      : kind === 'table'
        ? (draft.get('table', String(key)) ?? draft.get('view', String(key)))
        : draft.get('schema', object);
  if (found === undefined) return undefined;
  const wanted = privilege.toLowerCase();
  return (
    found.owner === role ||
    found.grants.some(
      (grant) =>
        (grant.grantee === role || grant.grantee === 'public') &&
        grant.privilege === wanted &&
        grant.columns === null,
    )
  );
}
