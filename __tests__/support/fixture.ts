/**
 * A rule's case as one SQL file. Its comments at the start of a line direct it:
 *
 *   -- expect: rule[@line] [severity][, …]   what the rule must say; lines are those of this very file
 *   -- says: words  -- says-not: words      what a finding of it must say, what none may
 *   -- base:  /  -- head:                    what follows is on the base, or is the change (default: the change)
 *   -- file: 20260101000000_name.sql         what follows is a migration of that name
 *   -- edited: / -- removed:                 (in the head) the file named is one of the base, edited or removed
 *   -- config: key = value                   project or rule settings, see `configure`
 *   -- skipped: name [what it holds]  -- open-pull-request: version path  -- remote: version
 *   -- replay: {…}  -- rollback: […]         facts of those stages, laid over empty ones
 *   -- access: {…}                            what the probes saw, written short: see access.ts
 *   -- code: src/notes.ts the file's text     code of the application
 *   -- unfixed                               the offered fix is not expected to silence the rule
 *
 * Directive lines reach the parser as empty lines, so that line numbers hold.
 */
import { readFileSync } from 'node:fs';
import type { Change, History, Migration, MigrationElsewhere, Project } from '../../src/model/migration.ts';
import type { GrantsEra, ReplayFacts } from '../../src/model/replay.ts';
import type { RollbackResult } from '../../src/model/rollback.ts';
import type { RuleLevel } from '../../src/rules/rule.ts';
import { defaultRuleSettings, type RuleSettings } from '../../src/rules/settings.ts';
import type { ShortAccess } from './access.ts';

export interface Expectation {
  readonly rule: string;
  readonly line: number | null;
  readonly severity: string | null;
}

export interface FixtureFile {
  readonly name: string;
  readonly text: string;
}

export interface Fixture {
  readonly path: string;
  readonly expected: readonly Expectation[];
  readonly says: readonly string[];
  readonly saysNot: readonly string[];
  readonly base: readonly FixtureFile[];
  readonly head: readonly FixtureFile[];
  readonly changes: readonly Change[];
  readonly skipped: readonly string[];
  readonly openPullRequests: History['openPullRequests'];
  readonly baseTip: History['baseTip'];
  readonly remote: readonly string[] | null;
  readonly project: Project;
  readonly settings: RuleSettings;
  readonly era: GrantsEra;
  readonly all: boolean;
  readonly now: number;
  readonly replay: Partial<ReplayFacts> | null;
  readonly access: ShortAccess | null;
  readonly rollback: readonly Partial<RollbackResult>[] | null;
  /** Code of the application: paths and texts. */
  readonly code: readonly (readonly [path: string, text: string])[];
  readonly unfixed: boolean;
  /** The SQL alone, for the docs. */
  readonly sql: string;
}

const directive =
  /^-- (expect|says|says-not|base|head|file|edited|removed|config|skipped|open-pull-request|base-tip|remote|replay|access|rollback|code|unfixed)(?::\s*(.*?))?\s*$/;
const folder = 'supabase/migrations';

export function readFixture(path: string): Fixture {
  return parseFixture(path, readFileSync(path, 'utf8'));
}

export function parseFixture(path: string, text: string): Fixture {
  const lines = text.split('\n');
  const expected: Expectation[] = [];
  const says: string[] = [];
  const saysNot: string[] = [];
  const config = new Map<string, string>();
  const skipped: string[] = [];
  const openPullRequests: MigrationElsewhere[] = [];
  const baseTip: MigrationElsewhere[] = [];
  const remote: string[] = [];
  const sections: {
    side: 'base' | 'head';
    name: string | null;
    kind: 'added' | 'edited';
    lines: string[];
  }[] = [];
  const removed: string[] = [];
  const sql: string[] = [];
  let replay: Partial<ReplayFacts> | null = null;
  let access: ShortAccess | null = null;
  let rollback: Partial<RollbackResult>[] | null = null;
  const code: [string, string][] = [];
  let unfixed = false;
  let side: 'base' | 'head' = 'head';
  const open = (name: string | null, kind: 'added' | 'edited', at: number) =>
    sections.push({ side, name, kind, lines: Array.from({ length: at }, () => '') });
  lines.forEach((line, index) => {
    const match = directive.exec(line);
    if (match === null) {
      if (sections.length === 0) open(null, 'added', index);
      sections.at(-1)!.lines.push(line);
      sql.push(line);
      return;
    }
    const [, word, value = ''] = match;
    switch (word) {
      case 'expect':
        expected.push(...value.split(',').map((entry) => parseExpectation(path, entry)));
        break;
      case 'says':
        says.push(value);
        break;
      case 'says-not':
        saysNot.push(value);
        break;
      case 'base':
      case 'head':
        side = word;
        open(null, 'added', index + 1);
        break;
      case 'file':
      case 'edited':
        if (sections.at(-1)?.name === null && sections.at(-1)!.lines.every((each) => each.trim() === ''))
          sections.pop();
        open(value, word === 'file' ? 'added' : 'edited', index + 1);
        break;
      case 'removed':
        removed.push(value);
        break;
      case 'config': {
        const at = value.indexOf('=');
        config.set(value.slice(0, at).trim(), value.slice(at + 1).trim());
        break;
      }
      case 'skipped':
        skipped.push(value);
        break;
      case 'open-pull-request': {
        const [version = '', other = ''] = value.split(/\s+/);
        openPullRequests.push({ version, path: other, where: '#42' });
        break;
      }
      case 'base-tip':
        baseTip.push({ version: value.split('_')[0]!, path: `${folder}/${value}`, where: 'main' });
        break;
      case 'remote':
        remote.push(value);
        break;
      case 'replay':
        replay = JSON.parse(value);
        break;
      case 'access':
        access = JSON.parse(value);
        break;
      case 'rollback':
        rollback = JSON.parse(value);
        break;
      case 'code': {
        const [, file = '', written = ''] = /^(\S+)\s+(.*)$/.exec(value)!;
        code.push([file, written]);
        break;
      }
      case 'unfixed':
        unfixed = true;
        break;
    }
    if (word !== 'file' && word !== 'edited' && word !== 'base' && word !== 'head')
      sections.at(-1)?.lines.push('');
    if (word === 'base' || word === 'head')
      sql.push(word === 'base' ? '-- on the base' : '-- in the pull request');
    if (word === 'file' || word === 'edited') sql.push(`-- ${value}`);
  });
  const kept = sections.filter(
    (section) => section.name !== null || section.lines.some((line) => line.trim() !== ''),
  );
  const named = (wanted: 'base' | 'head') =>
    kept
      .filter((section) => section.side === wanted)
      .map((section, index) => ({
        name:
          section.name ??
          (wanted === 'base' ? `2025010100000${index}_base.sql` : `2026010100000${index}_change.sql`),
        text: section.lines.join('\n'),
        kind: section.kind,
      }));
  const base = named('base');
  const changed = named('head');
  const changes: Change[] = [
    ...changed.map(({ name, kind }) => ({
      kind,
      path: `${folder}/${name}`,
      previousPath: null,
      before: base.find((file) => file.name === name)?.text ?? null,
    })),
    ...removed.map((name) => ({
      kind: 'removed' as const,
      path: `${folder}/${name}`,
      previousPath: null,
      before: base.find((file) => file.name === name)?.text ?? null,
    })),
  ];
  const gone = new Set([...removed, ...changed.map(({ name }) => name)]);
  return {
    path,
    expected,
    says,
    saysNot,
    base,
    head: [...base.filter((file) => !gone.has(file.name)), ...changed],
    changes,
    skipped,
    openPullRequests,
    baseTip,
    remote: remote.length === 0 ? null : remote,
    ...configure(path, config),
    replay,
    access,
    rollback,
    code,
    unfixed,
    sql: sql.join('\n').trim(),
  };
}

function parseExpectation(path: string, entry: string): Expectation {
  const match = /^([a-z]+\/[a-z0-9-]+)(?:@(\d+))?(?:\s+(error|warning|info))?$/.exec(entry.trim());
  if (match === null) throw new Error(`${path}: can't read the expectation "${entry}"`);
  const [, rule, line, severity] = match;
  return { rule: rule!, line: line === undefined ? null : Number(line), severity: severity ?? null };
}

/** Everything a case may set beside its SQL. An unknown key is an error: a typo must not turn a test off. */
function configure(path: string, config: ReadonlyMap<string, string>) {
  let settings = defaultRuleSettings;
  let era: GrantsEra = 'automatic';
  let all = false;
  let now = Date.UTC(2026, 11, 1);
  const project = {
    path: '.',
    root: '/nowhere',
    major: 17,
    exposedSchemas: ['public', 'graphql_public'],
    extraSearchPath: ['public', 'extensions'],
    autoExposeNewTables: null as boolean | null,
    unsetHides: false,
    namesAutoExpose: false,
    thirdPartyAuth: false,
    anonymousSignIns: false,
    phoneSignIns: false,
    seeds: [] as { path: string; sql: string }[],
    roles: null,
    hooks: [] as { name: string; uri: string }[],
    buckets: [] as { name: string; public: boolean }[],
    tests: [],
    testParts: [],
    notes: [],
  };
  const list = (value: string) => value.split(',').map((item) => item.trim());
  for (const [key, value] of config) {
    if (key === 'preset') settings = { ...settings, preset: value as 'strict' };
    else if (key === 'grants') era = value as GrantsEra;
    else if (key === 'all') all = value === 'true';
    else if (key === 'now') now = Date.parse(value);
    else if (key === 'db.major_version') project.major = Number(value);
    else if (key === 'api.schemas') project.exposedSchemas = list(value);
    else if (key === 'auth.enable_anonymous_sign_ins') project.anonymousSignIns = value === 'true';
    else if (key === 'auth.sms.enable_signup') project.phoneSignIns = value === 'true';
    else if (key === 'api.names_auto_expose') project.namesAutoExpose = value === 'true';
    else if (key === 'seed') project.seeds.push({ path: 'supabase/seed.sql', sql: value });
    else if (key.startsWith('auth.hook.'))
      project.hooks.push({ name: key.slice('auth.hook.'.length), uri: value });
    else if (key.startsWith('storage.buckets.')) {
      project.buckets.push({ name: key.slice('storage.buckets.'.length), public: value === 'public' });
    } else if (/^[a-z]+\/[a-z0-9-]+$/.test(key)) {
      settings = { ...settings, rules: { ...settings.rules, [key]: { level: value as RuleLevel } } };
    } else if (/^[a-z]+\/[a-z0-9-]+\.[a-z-]+$/i.test(key)) {
      const [rule, option] = key.split('.') as [string, string];
      const options = { ...settings.rules[rule]?.options, [option]: JSON.parse(value) };
      settings = { ...settings, rules: { ...settings.rules, [rule]: { ...settings.rules[rule], options } } };
    } else throw new Error(`${path}: unknown configuration key "${key}"`);
  }
  return { settings, era, all, now, project: project as Project };
}

export function toMigration({ name, text }: FixtureFile): Migration {
  const match = /^([0-9]+)_(.*)\.sql$/.exec(name);
  if (match === null) throw new Error(`"${name}" is no name the Supabase CLI reads: use "-- skipped:"`);
  return {
    path: `${folder}/${name}`,
    fileName: name,
    version: match[1]!,
    name: match[2]!,
    text,
    unreadable: null,
  };
}
