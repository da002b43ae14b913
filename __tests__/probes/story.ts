/**
 * A story of `fixtures/probes`: `schema.sql` is right, `mistake.sql` goes wrong, `mend.sql` mends it. Each step is
 * applied as a migration would be and probed; `-- expect:` lines of the SQL say what must be seen. After the mend,
 * everything the first step expected holds again.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { snapshot } from '../../src/database/catalog/snapshot.ts';
import { readState } from '../../src/database/catalog/state.ts';
import { openEmbedded } from '../../src/database/embedded.ts';
import type { Engine } from '../../src/database/engine.ts';
import { policyTables } from '../../src/database/platform/index.ts';
import type { AccessCell, AccessMatrix, Footing } from '../../src/model/access.ts';
import type { Memory } from '../../src/probes/memory.ts';
import { type ProbeOptions, probe } from '../../src/probes/probe.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'probes');

export const storyNames = (): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();

export interface Story {
  readonly name: string;
  readonly schema: string;
  readonly mistake: string | null;
  readonly mend: string | null;
  readonly options: { readonly anonymousSignIns: boolean; readonly phoneSignIns: boolean };
}

export function readStory(name: string): Story {
  const read = (file: string): string | null => {
    try {
      return readFileSync(join(folder, name, file), 'utf8');
    } catch {
      return null;
    }
  };
  const schema = read('schema.sql') ?? '';
  return {
    name,
    schema,
    mistake: read('mistake.sql'),
    mend: read('mend.sql'),
    options: {
      anonymousSignIns: /^-- config: .*anonymous/m.test(schema),
      phoneSignIns: /^-- config: .*phone/m.test(schema),
    },
  };
}

export async function openStage(): Promise<Stage> {
  await loadParser();
  return new Stage(await openEmbedded({ statementLimitMs: 30_000, extensions: [] }));
}

export class Stage {
  readonly #engine: Engine;
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get engine(): Engine {
    return this.#engine;
  }

  /** As migrations run: role postgres, which manages policies of the platform's tables by supautils' list. */
  async apply(sql: string): Promise<void> {
    for (const statement of parseSource('story.sql', sql).statements) {
      const table = statement.kind === 'CreatePolicyStmt' ? statement.node.table : null;
      const dropped = statement.kind === 'DropStmt' && statement.node.removeType === 'OBJECT_POLICY';
      const platform =
        (table && policyTables.has(`${table.schemaname}.${table.relname}`)) ||
        (dropped && /\bon\s+(storage|realtime)\./i.test(statement.sql));
      await (platform ? this.#engine.admin : this.#engine.postgresRole).exec(statement.sql);
    }
  }

  async probe(
    options: Partial<ProbeOptions['project']> = {},
    before: AccessMatrix | null = null,
    memory: Memory | null = null,
    keepPlansFromMs?: number,
  ): Promise<AccessMatrix> {
    return probe(this.#engine, {
      project: {
        exposedSchemas: ['public'],
        extraSearchPath: ['public', 'extensions'],
        anonymousSignIns: false,
        phoneSignIns: false,
        ...options,
      },
      state: await readState(this.#engine.admin),
      before,
      ...(keepPlansFromMs === undefined ? {} : { keepPlansFromMs }),
      memory: memory && { seen: memory, snapshot: await snapshot(this.#engine.admin) },
    });
  }

  /** The platform as it was: a story leaves nothing behind. */
  async clear(): Promise<void> {
    await this.#engine.admin.exec(`
      do $$
      declare entry record;
      begin
        for entry in select policyname, schemaname, tablename from pg_policies where schemaname in ('storage', 'realtime') loop
          execute format('drop policy %I on %I.%I', entry.policyname, entry.schemaname, entry.tablename);
        end loop;
        for entry in select nspname from pg_namespace where nspname in ('private', 'app', 'api', 'internal') loop
          execute format('drop schema %I cascade', entry.nspname);
        end loop;
        perform set_config('storage.allow_delete_query', 'true', true);
        delete from storage.buckets;
      end
      $$;
      drop schema public cascade;
      create schema public authorization pg_database_owner;
      grant usage on schema public to public, postgres, anon, authenticated, service_role;
      grant create on schema public to postgres;
      alter default privileges for role postgres in schema public grant all on tables to postgres, anon, authenticated, service_role;
      alter default privileges for role postgres in schema public grant all on sequences to postgres, anon, authenticated, service_role;
      alter default privileges for role postgres in schema public grant all on functions to postgres, anon, authenticated, service_role;`);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

export const expectationsOf = (sql: string): string[] =>
  [...sql.matchAll(/^-- expect: (.+)$/gm)].map((match) => match[1]!.trim());

/** What the matrix says to an expectation, in the expectation's own form: equal where it holds. */
export function answer(matrix: AccessMatrix, expectation: string): string {
  const needs = /^sign-up (\S+) needs /.exec(expectation);
  if (needs) {
    const rows = matrix.signUps.find(({ variant }) => variant === needs[1])?.needs ?? [];
    const all = rows.map(({ table, value, laid }) => `${table} ${value}${laid ? '' : ' unlaid'}`);
    return `sign-up ${needs[1]} needs ${all.join(', ') || 'nothing'}`;
  }
  const signUp = /^sign-up (\S+) = /.exec(expectation);
  if (signUp) {
    const run = matrix.signUps.find((entry) => entry.variant === signUp[1]);
    const [, , table] = / (creates|without) (\S+)$/.exec(expectation) ?? [];
    const rows = table === undefined ? '' : ` ${run?.created[table] ? 'creates' : 'without'} ${table}`;
    return `sign-up ${signUp[1]} = ${run?.status}${expectation.includes(' at ') ? ` at ${run?.step}` : ''}${rows}`;
  }
  const policyError = /^policy-error (\S+) (\S+) (\S+) = /.exec(expectation);
  if (policyError) {
    const [, object, principal, command] = policyError;
    const error = matrix.policyErrors.find(
      (entry) => entry.object === object && entry.principal === principal && entry.command === command,
    );
    const opens = error?.opens == null ? '' : error.opens ? ' for something' : ' for nothing';
    return `policy-error ${object} ${principal} ${command} = ${error?.sqlstate ?? 'none'}${opens}`;
  }
  if (expectation === 'no policy-error') {
    return matrix.policyErrors.length === 0
      ? expectation
      : `policy-error ${JSON.stringify(matrix.policyErrors[0])}`;
  }
  const doubted = /^policy "(.+)" on (\S+) = not known$/.exec(expectation);
  if (doubted) {
    const [, policy, object] = doubted;
    const found = matrix.notChecked.some(
      ({ access }) => access?.object === object && access?.policy === policy,
    );
    return `policy "${policy}" on ${object} = ${found ? 'not known' : 'known'}`;
  }
  if (expectation === 'no escalation') {
    const [first] = matrix.escalations;
    return first === undefined
      ? expectation
      : `escalation ${first.kind} ${first.object} opens ${first.opens}`;
  }
  if (/^\d+ escalations?$/.test(expectation))
    return `${matrix.escalations.length} escalation${matrix.escalations.length === 1 ? '' : 's'}`;
  if (expectation.startsWith('escalation ')) {
    const found = matrix.escalations.map(
      ({ kind, object, opens, footing, until, steps, asMember }) =>
        `escalation ${kind} ${object} opens ${opens}${until === undefined ? '' : ` until ${until}`}${footing === undefined ? '' : ` ${footingOf(footing)}`}${asMember ? ' as a member' : ''}${steps.map(({ command, values }) => `, ${[command, ...Object.keys(values)].join(' ')}`).join('')}`,
    );
    return found.find((text) => text.startsWith(expectation))
      ? expectation
      : found.join('; ') || 'no escalation';
  }
  const cell = /^(\S+\([^)]*\)|\S+) (\S+) (\S+) (own|foreign|unowned|spoof|transfer)((?: \(.*?\))?) = /.exec(
    expectation,
  );
  if (cell) {
    const [, object, principal, command, subject, columns] = cell;
    const cells = cellsOf(matrix, object!).filter(
      (entry) =>
        entry.principal === principal &&
        entry.command === command &&
        entry.subject === subject &&
        (columns === '' || ` (${entry.columns.join(', ')})` === columns),
    );
    const texts = cells.map(
      (entry) => `${object} ${principal} ${command} ${subject}${columns} = ${outcomeOf(entry)}`,
    );
    return texts.includes(expectation)
      ? expectation
      : texts.join('; ') || `${object} ${principal} ${command} ${subject} was not probed`;
  }
  const [, object, principal, command] = /^(\S+) (\S+) (\S+) = /.exec(expectation) ?? [];
  const access = matrix.objects
    .find((entry) => entry.object === object)
    ?.summary.find((entry) => entry.principal === principal && entry.command === command)?.access;
  return `${object} ${principal} ${command} = ${access ?? 'not probed'}`;
}

const cellsOf = (matrix: AccessMatrix, object: string): readonly AccessCell[] =>
  matrix.objects.find((entry) => entry.object === object)?.cells ?? [];

const footingOf = ({ table, given, rank }: Footing): string =>
  given === 'nowhere' ? `on a row in ${table} that nobody comes by` : `as ${rank} in ${table} by sign-up`;

function outcomeOf(cell: AccessCell): string {
  return [
    cell.outcome,
    ...(cell.when === null ? [] : [`when ${cell.when}`]),
    ...(cell.acrossTenants ? ['across tenants'] : []),
    ...(cell.state === undefined ? [] : [`for rows where ${cell.state}`]),
    ...(cell.footing === undefined ? [] : [footingOf(cell.footing)]),
    ...(cell.representation ? [] : ['without returning']),
    ...(cell.when === null && cell.via !== null ? [`via ${cell.via}`] : []),
    ...(cell.reached === undefined ? [] : Object.values(cell.reached)),
  ].join(' ');
}
