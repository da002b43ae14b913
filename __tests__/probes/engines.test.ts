import { readState } from '../../src/database/catalog/state.ts';
import type { Engine } from '../../src/database/engine.ts';
import { openServer } from '../../src/database/server.ts';
import type { AccessMatrix } from '../../src/model/access.ts';
import { probe } from '../../src/probes/probe.ts';
import { testServer } from '../support/server.ts';
import { openStage, readStory, Stage } from './story.ts';

const project = {
  exposedSchemas: ['public'],
  extraSearchPath: ['public', 'extensions'],
  anonymousSignIns: true,
  phoneSignIns: true,
};
const see = async (engine: Engine): Promise<AccessMatrix> =>
  probe(engine, { project, state: await readState(engine.admin) });

let embedded: Stage;
let server: Engine;
beforeAll(async () => {
  embedded = await openStage();
  server = await openServer(await testServer(), {
    statementLimitMs: 20_000,
    extensions: [],
    lockWaitMs: 60_000,
  });
});
afterAll(async () => {
  await embedded.close();
  await server.close();
});

describe('one schema with a bit of everything', () => {
  const wrong = ['team-self-invitation', 'entered-without-asking', 'user-metadata-tenant'];
  const right = [
    'storage-own-folder',
    'profiles-role-escalation',
    'share-token-header',
    'members-of-one-organisation',
    'function-by-token',
    'visitors-fill-in-a-form',
    'list-owner-moderates',
    'owner-is-a-member-at-commit',
    'storage-one-file-each',
  ];
  const sql = [...wrong, ...right]
    .map(readStory)
    .map((story) => `${story.schema}\n${wrong.includes(story.name) ? story.mistake : ''}`)
    .join('\n');
  let first: AccessMatrix;

  beforeAll(async () => {
    await embedded.apply(sql);
    await new Stage(server).apply(sql);
    first = await see(embedded.engine);
  });

  test('is seen the same a second time, proofs and all', async () => {
    expect(await see(embedded.engine)).toEqual(first);
  });

  test('is seen the same on a server', async () => {
    expect(await see(server)).toEqual(first);
  });

  test('is left as it was: no user, no row, no setting', async () => {
    const [left] = await embedded.engine.admin.query(
      `select (select count(*) from auth.users) as users, (select count(*) from public.documents) as documents,
        (select count(*) from storage.objects) as objects, current_setting('session_replication_role') as triggers, current_user`,
    );
    expect(left).toEqual({
      users: '0',
      documents: '0',
      objects: '0',
      triggers: 'origin',
      current_user: 'supabase_admin',
    });
  });
});
