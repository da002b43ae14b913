/** `supabase/migrations` as the Supabase CLI sees it (`pkg/migration/list.go`): what runs, in which order, what is passed over. */
import { type Dirent, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Migration, SkippedEntry } from '../model/migration.ts';

/** `^([0-9]+)_(.*)\.sql$`: everything else is skipped with a line on stderr and exit code 0. */
const migrationName = /^([0-9]+)_(.*)\.sql$/;
/** The first file is skipped too where it is the CLI's own old "init" from before its history table. */
const legacyInit = /^([0-9]{14})_init\.sql$/;
const legacyInitBefore = '20211209000000';

export interface MigrationsFolder {
  readonly migrations: readonly Migration[];
  readonly skipped: readonly SkippedEntry[];
}

/** One entry of the folder, wherever it was read: a work tree, a git object, GitHub's API. */
export interface FolderEntry {
  readonly fileName: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly bytes: Uint8Array | null;
  readonly unreadable: string | null;
}

/** Reads the folder on disk. A folder that is not there is an empty one. */
export async function readMigrations(folder: string, path: string): Promise<MigrationsFolder> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch {
    return { migrations: [], skipped: [] };
  }
  return toMigrations(
    entries.map((entry) => readEntry(folder, entry)),
    path,
  );
}

/** `path`: the folder's path in the repository, without a slash at its end. */
export function toMigrations(entries: readonly FolderEntry[], path: string): MigrationsFolder {
  const migrations: Migration[] = [];
  const skipped: SkippedEntry[] = [];
  const sorted = [...entries].sort((a, b) => compareNames(a.fileName, b.fileName));
  for (const [index, entry] of sorted.entries()) {
    const full = `${path}/${entry.fileName}`;
    const match = migrationName.exec(entry.fileName);
    const init = legacyInit.exec(entry.fileName);
    if (entry.kind !== 'file') skipped.push({ path: full, reason: entry.kind });
    else if (index === 0 && init !== null && init[1]! < legacyInitBefore)
      skipped.push({ path: full, reason: 'legacy-init' });
    else if (match === null) {
      // Editors' and systems' own files stand in every folder; nobody means them to run.
      if (!/^\.|^(readme|license)(\.\w+)?$|\.(md|txt|gitkeep)$/i.test(entry.fileName))
        skipped.push({ path: full, reason: 'name', text: decode(entry).text });
    } else
      migrations.push({
        path: full,
        fileName: entry.fileName,
        version: match[1]!,
        name: match[2]!,
        ...decode(entry),
      });
  }
  return { migrations, skipped };
}

/** The CLI's order: by file name, compared byte by byte, so that `9_x` comes after `10_x`. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Files are small and many: one after the other is the quickest. */
function readEntry(folder: string, entry: Dirent): FolderEntry {
  const fileName = entry.name;
  if (entry.isDirectory()) return { fileName, kind: 'folder', bytes: null, unreadable: null };
  // A link could lead out of the checkout: never followed.
  if (entry.isSymbolicLink()) return { fileName, kind: 'link', bytes: null, unreadable: null };
  try {
    return { fileName, kind: 'file', bytes: readFileSync(join(folder, fileName)), unreadable: null };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { fileName, kind: 'file', bytes: null, unreadable: `The file can't be read (${code}).` };
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

function decode(entry: FolderEntry): Pick<Migration, 'text' | 'unreadable'> {
  if (entry.bytes === null)
    return { text: null, unreadable: entry.unreadable ?? 'The file has no content here.' };
  const [first, second] = entry.bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { text: null, unreadable: 'The file is UTF-16. Postgres reads UTF-8: save it as UTF-8.' };
  }
  try {
    return { text: utf8.decode(entry.bytes), unreadable: null };
  } catch {
    return { text: null, unreadable: 'The file is no valid UTF-8. Postgres reads UTF-8: save it as UTF-8.' };
  }
}
