/** Builds the embedded engine's data directory with the platform in it. */
import { PGlite } from '@electric-sql/pglite';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';
import { uuid_ossp } from '@electric-sql/pglite/contrib/uuid_ossp';
import { writeExtensionFiles } from './extension-files.ts';
import { platformFiles, renameBootstrapSql } from './index.ts';

export { startParameters, writeExtensionFiles } from './extension-files.ts';
export { platformHash } from './index.ts';

export async function buildSnapshot(): Promise<{ tar: Buffer; postgres: string }> {
  const db = await PGlite.create({
    extensions: { pgcrypto, uuid_ossp },
    // Segments of 1 MB in place of 16: every boot, copy and checkpoint reads or writes them all.
    initDbStartParams: ['--wal-segsize=1'],
  });
  try {
    for (const sql of renameBootstrapSql) await db.exec(sql);
    writeExtensionFiles(db);
    for (const file of platformFiles('embedded')) {
      try {
        await db.exec(file.sql);
      } catch (error) {
        throw new Error(`${file.name}: ${(error as Error).message}`, { cause: error });
      }
    }
    // Nobody makes databases here, and the templates are half of what a boot has to read.
    await db.exec(`update pg_database set datistemplate = false`);
    for (const template of ['template0', 'template1']) await db.exec(`drop database ${template}`);
    await db.exec('vacuum freeze analyze');
    await db.exec('checkpoint');
    const { rows } = await db.query<{ server_version: string }>('show server_version');
    const blob = await db.dumpDataDir('none');
    return { tar: Buffer.from(await blob.arrayBuffer()), postgres: rows[0]!.server_version };
  } finally {
    await db.close();
  }
}
