/** The configuration and the flags laid over it. Without a file nothing of what reads one is loaded. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailOn } from '../model/report.ts';
import { UsageError } from '../project/project.ts';
import type { RuleScope, RuleSetting, RuleSettings } from '../rules/settings.ts';
import { nearest } from '../sql/nearest.ts';
import { defaults } from './defaults.ts';
import type { Config } from './schema.ts';

export { nearest };

export const configName = 'supabase/migration-guard.yml';

/** What flags and inputs say; undefined where they say nothing. */
export interface Overrides {
  readonly failOn?: FailOn;
  readonly require?: readonly 'checked'[];
  readonly preset?: Config['preset'];
  readonly baseline?: string;
  readonly databaseUrl?: string;
  readonly remoteUrl?: string;
  readonly grantsEra?: Config['grants-era'];
  readonly engine?: Config['engine']['kind'];
}

export interface ProjectSettings {
  readonly failOn: FailOn;
  readonly requireChecked: boolean;
  readonly rules: RuleSettings;
  readonly baseline: string | null;
  readonly grantsEra: Config['grants-era'];
  readonly access: Config['access'];
  readonly rollback: Config['rollback'];
  readonly engine: Config['engine'];
  readonly databaseUrl: string | null;
  readonly remoteUrl: string | null;
}

/** Reads the file itself; null where there is none. */
export async function readConfigFile(
  root: string,
  file: string | null,
): Promise<{ name: string; text: string } | null> {
  const name = file ?? join(root, configName);
  try {
    return { name: file ?? configName, text: await readFile(name, 'utf8') };
  } catch {
    if (file === null) return null;
    throw new UsageError(
      `The configuration file "${file}" can't be read. Name a readable YAML file with --config.`,
    );
  }
}

/** What the configuration may say of a rule: its id, and its options with the values they have by default. */
export interface KnownRule {
  readonly id: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly patterns?: boolean;
}

/** Flag or input, else file, else default. `baseline` of the file is relative to the project. */
export function toSettings(
  file: { name: string; config: Config } | null,
  overrides: Overrides,
  knownRules: readonly KnownRule[],
): ProjectSettings {
  const config: Config = file?.config ?? defaults;
  const ruleIds = knownRules.map(({ id }) => id);
  for (const id of [
    ...Object.keys(config.rules),
    ...[...config.paths, ...config.objects].flatMap((s) => Object.keys(s.rules)),
  ]) {
    if (
      ruleIds.includes(id) ||
      (id.endsWith('/*') && ruleIds.some((known) => known.startsWith(id.slice(0, -1))))
    )
      continue;
    const near = nearest(id, ruleIds);
    throw new UsageError(
      `"${file?.name}" names an unknown rule "${id}".${near === null ? '' : ` Did you mean "${near}"?`} See "migration-guard rules".`,
    );
  }
  const rules: Record<string, RuleSetting> = {};
  for (const [id, entry] of Object.entries(config.rules)) {
    if (typeof entry === 'string') rules[id] = { level: entry };
    else {
      const { level, ...options } = entry;
      checkOptions(file?.name ?? configName, id, options, knownRules);
      rules[id] = { ...(level === undefined ? {} : { level }), options };
    }
  }
  const scopes = (entries: Config['paths']): RuleScope[] =>
    entries.map(({ match, rules, reason }) => ({ match, rules, reason }));
  return {
    failOn: overrides.failOn ?? config['fail-on'],
    requireChecked: (overrides.require ?? config.require).includes('checked'),
    rules: {
      preset: overrides.preset ?? config.preset,
      rules,
      paths: scopes(config.paths),
      objects: scopes(config.objects),
      file: file?.name ?? null,
    },
    baseline: overrides.baseline ?? config.baseline,
    grantsEra: overrides.grantsEra ?? config['grants-era'],
    access: config.access,
    rollback: config.rollback,
    engine: {
      ...config.engine,
      kind: overrides.engine ?? (overrides.databaseUrl ? 'server' : config.engine.kind),
    },
    databaseUrl: overrides.databaseUrl ?? null,
    remoteUrl: overrides.remoteUrl ?? null,
  };
}

/** Throws UsageError at an option that the rule does not have, or that is of another type than its default. */
function checkOptions(
  file: string,
  id: string,
  options: Readonly<Record<string, unknown>>,
  knownRules: readonly KnownRule[],
): void {
  const { options: known = {}, patterns = false } = knownRules.find((rule) => rule.id === id) ?? {};
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name)) {
      const near = nearest(name, Object.keys(known));
      const has = Object.keys(known).map((each) => `"${each}"`);
      throw new UsageError(
        `"${file}" gives "${id}" an unknown option "${name}".${near === null ? '' : ` Did you mean "${near}"?`} ${has.length === 0 ? 'It has no options' : `Its options are ${has.join(', ')}`}.`,
      );
    }
    const [wanted, given] = [kindOf(known[name]), kindOf(value)];
    if (wanted !== given)
      throw new UsageError(
        `"${file}" gives option "${name}" of "${id}" ${article(given)}, and it must be ${article(wanted)}.`,
      );
    const broken = patterns && typeof value === 'string' ? faultOf(value) : null;
    if (broken !== null)
      throw new UsageError(
        `"${file}" gives option "${name}" of "${id}" a regular expression that can't be read (${broken}): ${value}`,
      );
  }
}

/** What is wrong with a regular expression; null where it can be read. */
function faultOf(pattern: string): string | null {
  try {
    new RegExp(pattern.replaceAll('{table}', 'name'));
    return null;
  } catch (error) {
    return /[^:]*$/
      .exec((error as Error).message)![0]
      .trim()
      .toLowerCase();
  }
}

const kindOf = (value: unknown) => (Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value);
const article = (kind: string) => (kind === 'null' ? 'nothing' : `${kind === 'object' ? 'an' : 'a'} ${kind}`);
