import { describe, expect, test } from '@jest/globals';
import { defaults } from '../../src/config/defaults.ts';
import { parseConfig } from '../../src/config/file.ts';
import { nearest, toSettings } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';

const ids = ['rls/disabled', 'rls/no-policy', 'structure/header'];
const read = (text: string, overrides = {}) =>
  toSettings({ name: 'guard.yml', config: parseConfig('guard.yml', text) }, overrides, ids);

describe('the configuration', () => {
  test('has a default for everything', () => {
    expect(toSettings(null, {}, ids)).toMatchObject({
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

  test.each([
    ['fial-on: error', /unknown key "fial-on".*Did you mean "fail-on"/],
    ['engine: { kin: server }', /unknown key "kin" in "engine".*Did you mean "kind"/],
    ['rules: { rls/disabeld: off }', /unknown rule "rls\/disabeld".*Did you mean "rls\/disabled"/],
    ['rules: { rls/disabled: loud }', /"rules.rls\/disabled" is wrong/],
    ['fail-on: sometimes', /"fail-on" is wrong/],
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
