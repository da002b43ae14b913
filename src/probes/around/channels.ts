/** Realtime channels: who may listen on a private topic and who may send, as the Realtime service asks Postgres. */
import type { AccessCell, ObjectAccess } from '../../model/access.ts';
import type { Table } from '../../model/schema.ts';
import { verdictOf } from '../acting/outcome.ts';
import { anon, type Identity, serviceRole, signedIn, type User, userA, userB } from '../acting/principals.ts';
import { literal } from '../acting/quote.ts';
import { passes, summarize } from '../cells.ts';
import { readPolicies } from '../predicate/index.ts';
import type { Reading } from '../predicate/reading.ts';
import type { Case, TableContext } from '../tables/case.ts';
import { probeInWorlds } from './in-worlds.ts';
import type { AroundContext } from './views.ts';

interface Topics {
  readonly own: string;
  readonly foreign: string;
}

/** Ways a topic may be called; more would cost more than they tell. */
const enough = 8;

export async function probeChannels(
  context: AroundContext,
  anonymous: readonly Identity[],
): Promise<ObjectAccess[]> {
  const table = context.state.tables.get('realtime.messages');
  // Without a policy nobody joins a private channel.
  if (table === undefined || table.policies.length === 0 || context.leaveOut.has(table.key)) return [];
  context.onObject(table.key);
  const reading = readPolicies(table, context.state);
  const identities = [anon, signedIn(userA), ...anonymous, serviceRole];
  let best: AccessCell[] = [];
  for (const topics of await topicsOf(context, table, reading)) {
    const cells = await probeTopics(context, table, reading, topics, identities);
    const opens = cells.some((cell) => cell.principal !== 'service_role' && passes(cell));
    if (best.length === 0 || opens) best = cells;
    // A form of topic that opens something is one the policies mean.
    if (opens) break;
  }
  return [
    {
      object: table.key,
      kind: 'channel',
      rls: table.rls,
      summary: summarize(best),
      cells: best,
      ownerColumns: ['topic'],
    },
  ];
}

async function probeTopics(
  context: AroundContext,
  table: Table,
  reading: Reading,
  topics: Topics,
  identities: readonly Identity[],
): Promise<AccessCell[]> {
  const { session } = context;
  await session.exec('savepoint of_channel');
  const laid = await session.batch([message(topics.own), message(topics.foreign)], { stopOnError: true });
  let cells: AccessCell[] = [];
  if (laid.every((outcome) => outcome.ok)) {
    const probing = {
      ...context.probing,
      table,
      searchPath: context.searchPath('realtime'),
      compared: new Set<string>(),
    };
    const cases = (who: readonly Identity[]) => who.flatMap((identity) => casesOn(probing, topics, identity));
    cells = await probeInWorlds(context, probing, reading, identities, cases);
  }
  await session.exec('rollback to savepoint of_channel; release savepoint of_channel');
  return cells;
}

const message = (topic: string): string =>
  `insert into realtime.messages (topic, extension, payload, event, private) values (${literal(topic)}, 'broadcast', '{}', 'probe', true)`;

function casesOn(context: TableContext, topics: Topics, identity: Identity): Case[] {
  const subjects = identity.role === 'authenticated' ? (['own', 'foreign'] as const) : (['foreign'] as const);
  return subjects.flatMap((subject) => {
    const topic = topics[subject];
    const attempt = (sql: string) => ({
      identity,
      searchPath: context.searchPath,
      prepare: [`select set_config('realtime.topic', ${literal(topic)}, true)`],
      sql,
    });
    const cases: Case[] = [
      {
        identity,
        command: 'select',
        subject,
        columns: [],
        attempt: attempt(`select event from realtime.messages where topic = ${literal(topic)}`),
        returning: null,
        judge: ({ outcome }) =>
          outcome.ok
            ? { outcome: outcome.rows.length > 0 ? 'allowed' : 'filtered', reason: null }
            : verdictOf(outcome.error, context.table, 'select'),
      },
      {
        identity,
        command: 'insert',
        subject: subject === 'own' ? 'own' : 'spoof',
        columns: [],
        attempt: attempt(message(topic)),
        returning: null,
        judge: ({ outcome }) =>
          outcome.ok
            ? { outcome: 'allowed', reason: null }
            : verdictOf(
                outcome.error,
                { ...context.table, name: partitionOrTable(outcome.error.message) },
                'insert',
              ),
      },
    ];
    return cases;
  });
}

/** The message of a refused row may name the partition it was on its way to. */
const partitionOrTable = (text: string): string => (/"messages_/.test(text) ? 'messages_all' : 'messages');

/** `room:` before the id of the user, or of a row that the policies look up; or the one topic they name. */
async function topicsOf(context: AroundContext, table: Table, reading: Reading): Promise<Topics[]> {
  const text = table.policies
    .map((policy) => `${policy.using?.text ?? ''} ${policy.check?.text ?? ''}`)
    .join(' ');
  const prefixes = new Set<string>();
  for (const match of text.matchAll(/'\^?([A-Za-z][\w-]*[:/_.-])[^']*'/g)) prefixes.add(match[1]!);
  prefixes.add('');
  const fixed = [...text.matchAll(/topic(?:\(\))?[^=']{0,40}=\s*'([^']+)'/g)].map((match) => match[1]!);
  const values: (readonly [string, string])[] = [];
  for (const key of [...reading.tables].toSorted()) {
    const a = await context.trusted.rowIn(key, userA);
    const b = context.world.row(key, userB);
    if ('failure' in a || b === undefined) continue;
    const called = Object.keys(a.row.values).filter((column) => /topic|room|channel|slug/i.test(column));
    for (const column of [...called, ...a.row.key]) {
      const mine = a.row.values[column];
      const theirs = b.values[column];
      if (mine != null && theirs != null && mine !== theirs) values.push([mine, theirs]);
    }
  }
  const id = (user: User) => user.id;
  values.push([id(userA), id(userB)]);
  const topics = [
    ...fixed.map((topic) => ({ own: topic, foreign: `${topic}-of-others` })),
    ...[...prefixes].flatMap((prefix) =>
      values.map(([own, foreign]) => ({ own: prefix + own, foreign: prefix + foreign })),
    ),
  ];
  return topics.slice(0, enough);
}
