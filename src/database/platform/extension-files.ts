/** The embedded engine's share folder: what stands behind CREATE EXTENSION there. */
import type { PGlite } from '@electric-sql/pglite';
import { extensionFiles, trustedControl } from './extensions.ts';

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
