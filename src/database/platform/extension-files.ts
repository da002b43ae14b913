/** What the embedded engine needs at each start: parameters, and what stands behind CREATE EXTENSION in its share folder. */
import { PGlite } from '@electric-sql/pglite';
import { extensionFiles, trustedControl } from './extensions.ts';

/**
 * PGlite's own parameters, but for two. Its search_path is a command-line value, which RESET ALL comes back to and no
 * ALTER DATABASE changes: it must be role postgres' own. `-O` would let system catalogs be altered.
 */
export const startParameters: readonly string[] = PGlite.defaultStartParams
  .filter((parameter) => parameter !== '-O')
  .map((parameter) =>
    parameter.startsWith('search_path=') ? 'search_path="$user", public, extensions' : parameter,
  );

const shareFolder = '/pglite/share/postgresql/extension';

/** Puts stand-ins into an instance's share folder and makes what it bundles creatable by postgres. On every boot. */
export function writeExtensionFiles(db: PGlite): void {
  const fs = db.Module.FS;
  for (const file of extensionFiles()) fs.writeFile(`${shareFolder}/${file.name}`, file.content);
  for (const name of fs.readdir(shareFolder) as string[]) {
    if (!name.endsWith('.control')) continue;
    const path = `${shareFolder}/${name}`;
    fs.writeFile(path, trustedControl(fs.readFile(path, { encoding: 'utf8' })));
  }
}
