/** The history table of a real database: read-only, one query, nothing else is looked at. */
import type { RemoteVersion } from '../model/migration.ts';
import { connect, loginOf, ServerUnavailable } from './server/connection.ts';

/**
 * What `supabase_migrations.schema_migrations` says was applied, in the order of versions; empty where that table is not
 * there. Throws ServerUnavailable, whose message is for the reader and never holds the password.
 */
export async function readRemoteHistory(url: string): Promise<readonly RemoteVersion[]> {
  const client = await connect(loginOf(url)).catch((error: unknown) => {
    throw error instanceof ServerUnavailable
      ? new ServerUnavailable(`The history of the remote database can't be read. ${error.message}`)
      : error;
  });
  try {
    await client.query('begin transaction read only');
    // Not as parameters of the connection: poolers refuse those they do not know.
    await client.query("set local statement_timeout = '15s'; set local search_path = pg_catalog");
    const { rows: there } = await client.query(
      `select to_regclass('supabase_migrations.schema_migrations') as name`,
    );
    if (there[0]?.name === null) return [];
    // Older versions of the CLI had fewer columns: asked as JSON, what is missing is missing.
    const { rows } = await client.query(
      'select to_json(h)::text as row from supabase_migrations.schema_migrations h order by version',
    );
    return rows.map(({ row }) => {
      const { version, name, statements } = JSON.parse(row) as Partial<RemoteVersion>;
      return { version: String(version), name: name ?? null, statements: statements ?? null };
    });
  } catch (error) {
    throw new ServerUnavailable(
      `The history of the remote database can't be read: ${(error as Error).message}.`,
      { cause: error },
    );
  } finally {
    await client.end();
  }
}
