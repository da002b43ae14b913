import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { defaults } from '../../src/config/defaults.ts';
import { parseConfig } from '../../src/config/file.ts';
import { nearest, toSettings } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';
import { rules } from '../../src/rules/index.ts';

const known = [
  { id: 'rls/disabled' },
  { id: 'rls/no-policy' },
  { id: 'structure/name', options: { index: '^idx_{table}' }, patterns: true },
  { id: 'structure/header', options: { fields: ['Migration'], strict: false } },
];
const read = (text: string, overrides = {}) =>
  toSettings({ name: 'guard.yml', config: parseConfig('guard.yml', text) }, overrides, known);

describe('the configuration', () => {
  test('has a default for everything', () => {
    expect(toSettings(null, {}, known)).toMatchObject({
      failOn: 'error',
      requireChecked: false,
      rules: { preset: 'recommended', file: null },
      engine: { kind: 'embedded', 'statement-limit': 20 },
    });
  });

  test('an empty file says what no file says', () => {
    expect(configSchema.parse({})).toEqual(defaults);
  });

  test('a flag goes before the file, and the file before the default', () => {
    expect(read('fail-on: warning').failOn).toBe('warning');
    expect(read('fail-on: warning', { failOn: 'never' }).failOn).toBe('never');
  });

  test('a rule has a level, or a level and options of its own', () => {
    expect(
      read('rules: { rls/disabled: off, structure/header: { level: warning, fields: [Migration] } }').rules
        .rules,
    ).toEqual({
      'rls/disabled': { level: 'off' },
      'structure/header': { level: 'warning', options: { fields: ['Migration'] } },
    });
  });

  test('a pattern may hold the name of a table', () => {
    expect(read('rules: { structure/name: { index: "^{table}_.+" } }').rules.rules).toMatchObject({
      'structure/name': { options: { index: '^{table}_.+' } },
    });
  });

  test('expected access is a word, or the conditions that are meant', () => {
    const declared = 'access: { public.t: { user: { select: own, update: { conditional: [a row in m] } } } }';
    expect(read(declared).access).toEqual({
      'public.t': { user: { select: 'own', update: { conditional: ['a row in m'] } } },
    });
  });

  test.each([
    ['fial-on: error', /unknown key "fial-on".*Did you mean "fail-on"/],
    ['engine: { kin: server }', /unknown key "kin" in "engine".*Did you mean "kind"/],
    ['rules: { rls/disabeld: off }', /unknown rule "rls\/disabeld".*Did you mean "rls\/disabled"/],
    [
      'rules: { rls/disabled: loud }',
      /"rules.rls\/disabled" is "loud", but must be one of "error", "warning", "info", "off"\.$/,
    ],
    [
      'rules: { rls/disabled: { level: eror } }',
      /"rules.rls\/disabled.level" is "eror".*Did you mean "error"/,
    ],
    ['access: { public.t: { anon: { select: mine } } }', /one of "none", "own", "all", "conditional"/],
    [
      'access: { public.t: { authenticated: { select: none } } }',
      /"guard.yml": "access" gives "public.t" a principal "authenticated", and there is none of that name\. It must be one of "anon", "user", "user-anonymous", "service_role"\. Did you mean "user"\?$/,
    ],
    ['access: { public.t: { annon: { select: none } } }', /a principal "annon".*Did you mean "anon"\?$/],
    [
      'access: { public.t: { postgres: { select: none } } }',
      /a principal "postgres".*one of "anon", "user", "user-anonymous", "service_role"\.$/,
    ],
    [
      'access: { public.t: { select: none } }',
      /gives "public.t" the command "select" for nobody\. Write it below a principal: "anon: { select: none }"\.$/,
    ],
    [
      'access: { public.t: { user: { raed: none } } }',
      /for "user" a command "raed".*one of "select", "insert", "update", "delete", "execute"\.$/,
    ],
    [
      'access: { public.t: none }',
      /"access" says of "public.t" "none", but must say it by principal and command: "anon: { select: none }"\.$/,
    ],
    [
      'access: { public.t: { user: own } }',
      /"access" says of "public.t" for "user" "own", but must say it by command: "user: { select: none }"\.$/,
    ],
    [
      'access: { public.t: { user: { select: { conditonal: [a row in m] } } } }',
      /"access.public.t.user.select" is {"conditonal":\["a row in m"\]}, but must be a word or "{ conditional: /,
    ],
    ['access: [public.t]', /"access" is \["public.t"\], but must name objects, each with its principals\.$/],
    [
      'rules: { structure/name: { index: "^ix_((" } }',
      /"index" of "structure\/name" a regular expression that can't be read \(unterminated group\): \^ix_\(\($/,
    ],
    ['rules: { structure/header: { field: [a] } }', /unknown option "field".*Did you mean "fields"/],
    [
      'rules: { rls/disabled: { deep: true } }',
      /"rls\/disabled" an unknown option "deep".*It has no options/,
    ],
    [
      'rules: { structure/header: { fields: Created } }',
      /"fields" of "structure\/header" a string, and it must be a list/,
    ],
    ['rules: { rls/*: { deep: true } }', /unknown option "deep"/],
    ['fail-on: sometimes', /"fail-on" is "sometimes", but must be one of "error", "warning", "never"/],
    ['fail-on: {}', /"fail-on" is {}, but must be one of/],
    ['rules: 3', /"rules" is wrong/],
    ['a: [', /no valid YAML/],
    ['paths: [{ match: "*", rules: {} }]', /paths.0.reason/],
  ])('what is wrong with %p is said in one sentence', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

test('the nearest word is offered only where it is near', () => {
  expect(nearest('chek', ['check', 'lint'])).toBe('check');
  expect(nearest('something', ['check', 'lint'])).toBeNull();
});

test('the schema for editors knows every rule, every category and the options of each rule', () => {
  const schema = JSON.parse(readFileSync('docs/config.schema.json', 'utf8'));
  const entries = schema.properties.rules;
  const categories = new Set(rules.map(({ id }) => `${id.split('/')[0]}/*`));
  const ids = [...rules.map(({ id }) => id), ...categories].sort();
  expect(Object.keys(entries.properties).sort()).toEqual(ids);
  expect(Object.keys(schema.$defs.byRule.properties).sort()).toEqual(ids);
  expect([entries.additionalProperties, schema.$defs.byRule.additionalProperties]).toEqual([false, false]);
  for (const { id, options = {} } of rules) {
    const { level, ...stated } = entries.properties[id].anyOf[1].properties;
    expect([id, Object.keys(stated)]).toEqual([id, Object.keys(options)]);
  }
});
