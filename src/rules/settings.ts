/** What the configuration says about rules. The config module reads it; the engine applies it. */
import type { Severity } from '../model/finding.ts';
import type { Rule, RuleLevel } from './rule.ts';

export interface RuleSetting {
  readonly level?: RuleLevel;
  /** Laid over the rule's own options. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Other levels for some files or some objects. `off` here is a suppression: it stays in the report. */
export interface RuleScope {
  /** Paths: relative to the repository root, `*` within a folder, `**` across. Objects: `public.legacy_*`. */
  readonly match: string;
  /** Rule id, or `category/*`, to its level. */
  readonly rules: Readonly<Record<string, RuleLevel>>;
  readonly reason: string;
}

export interface RuleSettings {
  readonly preset: 'recommended' | 'strict';
  /** By rule id, or `category/*`; the id wins. */
  readonly rules: Readonly<Record<string, RuleSetting>>;
  readonly paths: readonly RuleScope[];
  readonly objects: readonly RuleScope[];
  /** The configuration file, for "suppressed by"; null where there is none. */
  readonly file: string | null;
}

export const defaultRuleSettings: RuleSettings = {
  preset: 'recommended',
  rules: {},
  paths: [],
  objects: [],
  file: null,
};

/** The level a rule has for the whole project. */
export function levelOf(rule: Rule, settings: RuleSettings): RuleLevel {
  return stated(rule, settings) ?? rule.severity[settings.preset];
}

export function optionsOf(rule: Rule, settings: RuleSettings): Readonly<Record<string, unknown>> {
  return { ...rule.options, ...settings.rules[rule.id]?.options };
}

export interface Ruling {
  readonly level: RuleLevel;
  /** The scope that set it, where one did. */
  readonly scope: RuleScope | null;
}

/** Level of one problem: what the configuration states for its file or object, then for the rule, then the case itself. */
export function ruling(
  rule: Rule,
  settings: RuleSettings,
  problem: { file: string | null; object: string | null; severity?: Severity },
): Ruling {
  // Later entries win, and an object is more exact than a path.
  const scopes = [
    ...settings.paths.filter((scope) => matches(scope.match, problem.file, '/')),
    ...settings.objects.filter((scope) => matches(scope.match, problem.object, '.')),
  ];
  for (const scope of scopes.reverse()) {
    const level = scope.rules[rule.id] ?? scope.rules[categoryOf(rule)];
    if (level !== undefined) return { level, scope };
  }
  return {
    level: stated(rule, settings) ?? problem.severity ?? rule.severity[settings.preset],
    scope: null,
  };
}

/** True where a key of the configuration, an id or `category/*`, means this rule. */
export const names = (key: string, rule: Rule) => key === rule.id || key === categoryOf(rule);

const categoryOf = (rule: Rule) => `${rule.id.slice(0, rule.id.indexOf('/'))}/*`;

const stated = (rule: Rule, settings: RuleSettings): RuleLevel | undefined =>
  settings.rules[rule.id]?.level ?? settings.rules[categoryOf(rule)]?.level;

function matches(pattern: string, name: string | null, separator: '/' | '.'): boolean {
  if (name === null) return false;
  return globToRegExp(pattern, separator).test(name);
}

const compiled = new Map<string, RegExp>();

function globToRegExp(pattern: string, separator: '/' | '.'): RegExp {
  const key = separator + pattern;
  let expression = compiled.get(key);
  if (expression === undefined) {
    const source = pattern.replace(/\*\*\/?|\*|\?|[.+^${}()|[\]\\]/g, (token) => {
      if (token === '**/') return '(?:.*/)?';
      if (token === '**') return '.*';
      if (token === '*') return separator === '/' ? '[^/]*' : '.*';
      if (token === '?') return '.';
      return `\\${token}`;
    });
    expression = new RegExp(`^${source}$`);
    compiled.set(key, expression);
  }
  return expression;
}
