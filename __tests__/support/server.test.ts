import pg from 'pg';
import { testServer } from './server.ts';

test('a test gets a real Postgres 17 and is superuser there', async () => {
  const client = new pg.Client({ connectionString: await testServer() });
  await client.connect();
  try {
    const { rows } = await client.query(
      "select current_setting('is_superuser') as super, current_setting('server_version_num')::int / 10000 as major",
    );
    expect(rows).toEqual([{ super: 'on', major: 17 }]);
  } finally {
    await client.end();
  }
});
