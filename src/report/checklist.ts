/** The 14 items of the team's checklist before deploying, each with what was looked at. */
import type { Facts } from '../model/facts.ts';
import type { Finding } from '../model/finding.ts';
import { type ChecklistId, type ChecklistItem, checklistIds, type StageReport } from '../model/report.ts';
import type { ForeignKey, Table } from '../model/schema.ts';
import { bySeverity, counts, countWords, list, plural } from './report.ts';
import { fileName } from './sections/parts.ts';

interface Item {
  readonly title: string;
  /** Rules whose findings speak against it. A trailing slash stands for a whole category. */
  readonly rules: readonly string[];
  readonly stage: StageReport['id'];
  /** What was looked at: null where this pull request has nothing of the kind. */
  readonly seen: (facts: Facts) => string | Partly | null;
}

/** Looked at, and not all of it came to an answer. */
interface Partly {
  readonly words: string;
  readonly status: 'fail' | 'warn' | 'skip';
}

const ofAll = (done: number, total: number, words: string): string | Partly =>
  done === total ? words : { words, status: done === 0 ? 'skip' : 'warn' };

const createdTables = (facts: Facts): readonly Table[] => [...tables(facts, 'created')];
const touchedTables = (facts: Facts): readonly Table[] => [...tables(facts, 'touched')];

function* tables(facts: Facts, which: 'created' | 'touched'): Iterable<Table> {
  const keys = new Set(facts.changeSets.flatMap((set) => [...set[which]]));
  for (const table of facts.head.tables.values()) {
    if (keys.has(`table ${table.key}`) && table.kind !== 'foreign') yield table;
  }
}

const perTable =
  (find: (facts: Facts) => readonly Table[], words: (count: number) => string) =>
  (facts: Facts): string | null => {
    const found = find(facts);
    return found.length === 0 ? null : words(found.length);
  };

const migrations = (facts: Facts): number =>
  facts.changeSets.reduce((sum, set) => sum + set.migrations.length, 0);

const each = (facts: Facts, words: (count: number) => string): string | null =>
  migrations(facts) === 0 ? null : words(migrations(facts));

/** Those that the change brings, not all of a table that it touches. */
const foreignKeys = ({ head, changeSets }: Facts): number => {
  const brought = new Set<string>();
  for (const { before, touched } of changeSets) {
    for (const source of touched) {
      const table = source.startsWith('table ') ? head.tables.get(source.slice('table '.length)) : undefined;
      if (table === undefined) continue;
      const old = new Set(before.tables.get(table.key)?.foreignKeys.map(keyWords));
      for (const key of table.foreignKeys)
        if (!old.has(keyWords(key))) brought.add(`${table.key} ${keyWords(key)}`);
    }
  }
  return brought.size;
};
const keyWords = ({ columns, references }: ForeignKey): string => `${columns.join(' ')} ${references}`;

const times = [
  /^(created|inserted|added|joined|recorded|logged)(_?(at|on|date|time))?$/i,
  /^(updated|modified|changed|last_updated|last_modified)(_?(at|on|date|time))?$/i,
];
const hasTimes = ({ columns }: Table): boolean =>
  times.every((name) => columns.some((column) => name.test(column.name)));

const changedRuns = ({ changeSets, replay }: Facts) => {
  const changed = new Set(changeSets.flatMap((set) => set.migrations.map((m) => m.migration.path)));
  return replay?.runs.filter((run) => changed.has(run.path)) ?? [];
};

const policies = (facts: Facts): number =>
  touchedTables(facts).reduce((sum, table) => sum + table.policies.length, 0);

const items: Readonly<Record<ChecklistId, Item>> = {
  naming: {
    title: 'File names and order',
    rules: ['history/', 'structure/header'],
    stage: 'discover',
    seen: (facts) =>
      facts.history.changes.length === 0 ? null : plural(facts.history.changes.length, 'changed file'),
  },
  'primary-keys': {
    title: 'Primary keys',
    rules: ['structure/primary-key'],
    stage: 'read',
    seen: perTable(createdTables, (n) => plural(n, 'new table')),
  },
  timestamps: {
    title: 'created_at and updated_at',
    rules: ['structure/timestamps', 'structure/updated-at-trigger'],
    stage: 'read',
    seen: (facts) => {
      const created = createdTables(facts);
      const both = created.filter(hasTimes).length;
      if (created.length === 0) return null;
      const all = plural(created.length, 'new table');
      return both === created.length ? all : `${both} of ${all} with both; of the others the rules ask less`;
    },
  },
  'foreign-keys': {
    title: 'ON DELETE on foreign keys',
    rules: ['integrity/foreign-key-on-delete'],
    stage: 'read',
    seen: (facts) => (foreignKeys(facts) === 0 ? null : plural(foreignKeys(facts), 'foreign key')),
  },
  'rls-enabled': {
    title: 'Row level security on every table',
    rules: ['rls/disabled', 'rls/policies-without-rls', 'rls/turned-off', 'rls/realtime'],
    stage: 'read',
    seen: (facts) => {
      const touched = touchedTables(facts);
      if (touched.length === 0) return null;
      const [known, guessed] = [true, false].map((isKnown) =>
        touched.filter(({ rls, unknown }) => !rls && (unknown.length === 0) === isKnown),
      ) as [Table[], Table[]];
      return [
        plural(touched.length, 'table'),
        ...(known.length === 0 ? [] : [`${known.length} of them without`]),
        ...(guessed.length === 0 ? [] : [`of ${guessed.length} it is not known`]),
      ].join(', ');
    },
  },
  policies: {
    title: 'Policies for select, insert, update, delete',
    rules: ['rls/', 'grants/missing'],
    stage: 'read',
    seen: (facts) =>
      policies(facts) === 0
        ? null
        : `${plural(policies(facts), 'policy', 'policies')} on ${plural(touchedTables(facts).length, 'table')}`,
  },
  'service-role': {
    title: 'The API can act as service_role',
    rules: ['access/service-role-blocked', 'rls/service-role-policy'],
    stage: 'probe',
    seen: (facts) => {
      const tried = facts.access?.head.objects.filter((object) =>
        object.cells.some((cell) => cell.principal === 'service_role'),
      );
      return tried === undefined || tried.length === 0 ? null : `tried on ${plural(tried.length, 'object')}`;
    },
  },
  'foreign-key-indexes': {
    title: 'An index for every foreign key',
    rules: ['performance/foreign-key-index'],
    stage: 'read',
    seen: (facts) => (foreignKeys(facts) === 0 ? null : plural(foreignKeys(facts), 'foreign key')),
  },
  'filter-indexes': {
    title: 'Indexes for columns that are filtered by',
    rules: ['performance/filter-index', 'rls/policy-index'],
    stage: 'read',
    seen: (facts) =>
      policies(facts) === 0
        ? perTable(touchedTables, (n) => plural(n, 'table'))(facts)
        : plural(policies(facts), 'policy', 'policies'),
  },
  comments: {
    title: 'Comments on tables',
    rules: ['structure/table-comment'],
    stage: 'read',
    seen: perTable(createdTables, (n) => plural(n, 'new table')),
  },
  applies: {
    title: 'Applies',
    rules: [
      'replay/',
      'structure/syntax',
      'structure/refused',
      'data/',
      'platform/',
      'structure/create-skipped',
      'safety/enum-value',
      'safety/concurrent-in-transaction',
      'safety/not-null-without-default',
    ],
    stage: 'replay',
    seen: (facts) => {
      const runs = changedRuns(facts);
      if (runs.length === 0) return null;
      const applied = runs.filter((run) => run.status === 'applied').length;
      const words = `${applied} of ${plural(runs.length, 'migration')} applied`;
      // Told by a rule of another item, such as two files of one version: not applied all the same.
      const failed = runs.some(({ status, error }) => status === 'failed' && error?.alsoOnBase === false);
      return failed ? { words, status: 'fail' } : ofAll(applied, runs.length, words);
    },
  },
  'access-tested': {
    title: 'Access tried with different roles',
    rules: ['access/'],
    stage: 'probe',
    seen: (facts) => {
      const objects = facts.access?.head.objects.length ?? 0;
      return objects === 0 ? null : `${plural(objects, 'object')} as anon, two users and service_role`;
    },
  },
  secrets: {
    title: 'No hard-coded ids or secrets',
    rules: ['integrity/secret', 'integrity/hardcoded-id', 'integrity/personal-data'],
    stage: 'read',
    seen: (facts) => each(facts, (n) => plural(n, 'migration')),
  },
  rollback: {
    title: 'Rollback documented',
    rules: ['rollback/'],
    stage: 'rollback',
    seen: (facts) => {
      const results = facts.rollback ?? [];
      if (results.length === 0) {
        const words = 'not tried: nothing of the change applied whole';
        return changedRuns(facts).length === 0 ? null : { words, status: 'skip' };
      }
      const restored = results.filter((result) => result.status === 'restores').length;
      const words = `${restored} of ${plural(results.length, 'rollback')} tried and exact`;
      return ofAll(restored, results.length, words);
    },
  },
};

/** A rule speaks against the most specific item that names it. */
const owner = new Map<string, ChecklistId>(
  checklistIds.flatMap((id) =>
    items[id].rules.filter((rule) => !rule.endsWith('/')).map((rule) => [rule, id] as const),
  ),
);
function itemOf(rule: string): ChecklistId | null {
  const named = owner.get(rule);
  if (named !== undefined) return named;
  const category = `${rule.split('/')[0]}/`;
  return checklistIds.find((id) => items[id].rules.includes(category)) ?? null;
}

export interface ChecklistInput {
  readonly facts: Facts;
  /** All findings of the project; those that were there before or are mended later do not count. */
  readonly findings: readonly Finding[];
  readonly stages: readonly StageReport[];
}

export function checklist({ facts, findings, stages }: ChecklistInput): readonly ChecklistItem[] {
  const counted = findings.filter((finding) => finding.new && finding.mendedBy === null);
  return checklistIds.map((id) => {
    const { title, stage, seen } = items[id];
    const against = counted.filter((finding) => itemOf(finding.rule) === id).sort(bySeverity);
    const ran = stages.find((entry) => entry.id === stage);
    const looked = seen(facts);
    if (against.length > 0) {
      const status = against.some((finding) => finding.severity === 'error') ? 'fail' : 'warn';
      const names = against.map(({ object }) => object).filter((name) => name !== null);
      // Of a file its name: the folder is the same for all.
      const objects = [...new Set(names.map((name) => (/\.sql$/.test(name) ? fileName(name) : name)))];
      const where = objects.length === 0 ? '' : `: ${list(objects.slice(0, 3).map((name) => `"${name}"`))}`;
      const more = objects.length > 3 ? ` and ${objects.length - 3} more` : '';
      return { id, title, status, detail: `${countWords(counts(against))}${where}${more}` };
    }
    if (ran === undefined || ran.status === 'skipped' || ran.status === 'failed') {
      return { id, title, status: 'skip', detail: `not checked: ${ran?.reason ?? 'this stage did not run'}` };
    }
    if (looked === null) return { id, title, status: 'skip', detail: 'nothing of the kind in this change' };
    if (typeof looked !== 'string') return { id, title, status: looked.status, detail: looked.words };
    if (ran.status === 'partial') {
      const reason = ran.reason ?? 'not everything could be checked';
      return { id, title, status: 'warn', detail: `${looked}, in part: ${reason}` };
    }
    return { id, title, status: 'pass', detail: looked };
  });
}
