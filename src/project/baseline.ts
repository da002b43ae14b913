/** A dump of the schema that stands in for migrations which do not apply from zero. */
import { readFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UsageError } from './project.ts';

export interface BaselineFile {
  readonly path: string;
  readonly text: string;
  /** Migrations up to and with this version are in the dump; null: all of the base. */
  readonly version: string | null;
}

/**
 * The file that was named, else `supabase/baseline.sql` where there is one. Its version stands in its first lines
 * (`-- Version: 20260101000000`) or at the start of its name. Throws UsageError where a named file can't be read.
 */
export async function readBaseline(
  root: string,
  repositoryRoot: string,
  named: string | null,
  cwd: string,
): Promise<BaselineFile | null> {
  const candidates =
    named === null
      ? [join(root, 'supabase', 'baseline.sql')]
      : [isAbsolute(named) ? named : join(root, named), resolve(cwd, named)];
  for (const path of candidates) {
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text === null) continue;
    const stated = /^--\s*version:?\s*(\d+)/im.exec(text.slice(0, 2000))?.[1];
    const version = stated ?? /^(\d{8,})_/.exec(basename(path))?.[1] ?? null;
    return { path: relative(repositoryRoot, path).split(sep).join('/'), text, version };
  }
  if (named === null) return null;
  throw new UsageError(
    `The baseline "${named}" can't be read. Name a schema dump with --baseline, as "supabase db dump" writes it.`,
  );
}
