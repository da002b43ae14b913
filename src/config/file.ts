/** The text of `supabase/migration-guard.yml`: untrusted YAML in, `Config` out. */
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import type { AccessDeclaration } from '../model/access.ts';
import { UsageError } from '../project/project.ts';
import { nearest } from './load.ts';
import { type Config, commandNames, configSchema, principalNames } from './schema.ts';

/** Throws UsageError at the first thing that is wrong, with the nearest key where one is unknown. */
export function parseConfig(name: string, text: string): Config {
  const document = parseDocument(text, { prettyErrors: true });
  const [broken] = document.errors;
  if (broken !== undefined) {
    throw new UsageError(`"${name}" is no valid YAML: ${broken.message.split('\n')[0]!.replace(/:$/, '')}.`);
  }
  const value: unknown = document.toJS() ?? {};
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = innermost(result.error.issues[0]!);
  const path = issue.path.join('.');
  const misdeclared = issue.path[0] === 'access' ? faultOfAccess(issue, value) : null;
  if (misdeclared !== null) throw new UsageError(`"${name}": ${misdeclared}`);
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys;
    const near = nearest(key!, knownKeys(issue.path));
    const where = path === '' ? '' : ` in "${path}"`;
    throw new UsageError(
      `"${name}" has an unknown key "${key}"${where}.${near === null ? '' : ` Did you mean "${near}"?`}`,
    );
  }
  if (issue.code === 'invalid_value') {
    const given = valueAt(value, issue.path);
    throw new UsageError(
      `"${name}": "${path}" is ${shown(given)}, but must be ${oneOf(issue.values, given)}`,
    );
  }
  throw new UsageError(`"${name}": "${path || 'the file'}" is wrong: ${lowerFirst(issue.message)}.`);
}

type Issue = z.core.$ZodIssue;

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], value);

/** What others call them. */
const principalMeant: Readonly<Record<string, string>> = {
  authenticated: 'user',
  users: 'user',
  anonymous: 'user-anonymous',
  public: 'anon',
};

/** A principal or a command under `access` that there is not, or one of the two left out. */
function faultOfAccess(issue: Issue, whole: unknown): string | null {
  if (issue.path.length > 3) {
    const given = valueAt(whole, issue.path);
    return issue.code === 'invalid_value' && typeof given === 'object'
      ? `"${issue.path.join('.')}" is ${shown(given)}, but must be a word or "{ conditional: [a condition, …] }".`
      : null;
  }
  const [, object, principal] = issue.path.map(String);
  const example = `"${principal ?? 'anon'}: { select: none }"`;
  if (issue.code === 'unrecognized_keys' && object !== undefined) {
    const given = issue.keys[0]!;
    if (principal !== undefined)
      return `"access" gives "${object}" for "${principal}" a command "${given}", and there is none of that name. It must be ${oneOf(commandNames, given)}`;
    if (commandNames.includes(given))
      return `"access" gives "${object}" the command "${given}" for nobody. Write it below a principal: ${example}.`;
    const meant = principalMeant[given.toLowerCase()];
    return `"access" gives "${object}" a principal "${given}", and there is none of that name. It must be ${meant === undefined ? oneOf(principalNames, given) : `${oneOf(principalNames, null)} Did you mean "${meant}"?`}`;
  }
  if (issue.code !== 'invalid_type') return null;
  const given = shown(valueAt(whole, issue.path));
  if (object === undefined) return `"access" is ${given}, but must name objects, each with its principals.`;
  return `"access" says of "${object}"${principal === undefined ? '' : ` for "${principal}"`} ${given}, but must say it by ${principal === undefined ? 'principal and ' : ''}command: ${example}.`;
}

/** Where either of several shapes is allowed: what is wrong with the one that was meant, its path from the top. */
function innermost(issue: Issue): Issue {
  if (issue.code !== 'invalid_union' && issue.code !== 'invalid_key') return issue;
  const inner = (issue.code === 'invalid_union' ? issue.errors : [issue.issues]).flatMap(([first]) =>
    first === undefined ? [] : [innermost({ ...first, path: [...issue.path, ...first.path] })],
  );
  const deepest = inner.toSorted((a, b) => b.path.length - a.path.length);
  return deepest.find(({ code }) => code !== 'invalid_type') ?? deepest[0] ?? issue;
}

function oneOf(values: readonly unknown[], given: unknown): string {
  const allowed = values.map(String);
  const near = typeof given === 'string' ? nearest(given, allowed) : null;
  const list = allowed.map((word) => `"${word}"`).join(', ');
  return `${allowed.length > 1 ? 'one of ' : ''}${list}.${near === null ? '' : ` Did you mean "${near}"?`}`;
}

/** A value in a sentence; what is long or deep is not repeated. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? 'something else' : text;
}

/** The file's text with this declaration as its `access`; comments and everything else stay as they are. */
export function withAccess(text: string, access: AccessDeclaration): string {
  const document = parseDocument(text);
  document.set('access', document.createNode(access));
  return document.toString({ lineWidth: 0 });
}

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(configSchema.shape);
  const inner = {
    rollback: ['folders', 'prove'],
    engine: ['kind', 'statement-limit', 'probes', 'rows', 'tests', 'allow-used-server'],
  };
  return inner[String(path[0]) as keyof typeof inner] ?? ['match', 'rules', 'reason'];
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
