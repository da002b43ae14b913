/** Looks for the way back that a migration's author wrote: a later migration, a companion file, a section in the file. */
import type { Migration } from '../model/migration.ts';
import type { SourceFile } from '../model/sql.ts';
import { parseStatements } from '../sql/parse.ts';

export interface FoundPlan {
  readonly kind: 'file' | 'section';
  readonly path: string;
  /** First line of its SQL in that file. */
  readonly line: number | null;
  readonly sql: string;
}

export interface FindOptions {
  /** Folders, beside the migrations or in them, that hold companions. */
  readonly folders: readonly string[];
}

export interface FindInput {
  /** All migrations of the head. */
  readonly migrations: readonly Migration[];
  /** Other SQL files under `supabase/`. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly sources: ReadonlyMap<string, SourceFile>;
}

export const defaultFolders = ['rollback', 'rollbacks', 'down', 'revert', 'undo'] as const;

/** The first that is there: companion, later migration, section. Null where nobody wrote one. */
export function findPlan(
  migration: Migration,
  input: FindInput,
  options: FindOptions = { folders: defaultFolders },
): FoundPlan | null {
  return (
    companion(migration, input, options) ??
    laterMigration(migration, input.migrations) ??
    section(migration, input)
  );
}

const suffix = '(?:down|rollback|revert|undo)';

function companion(migration: Migration, input: FindInput, { folders }: FindOptions): FoundPlan | null {
  const stem = migration.fileName.replace(/\.sql$/, '');
  const beside = new RegExp(`^${verbatim(stem)}(?:\\.up)?[._-]${suffix}\\.sql$`, 'i');
  const inFolder = new RegExp(
    `^(?:${verbatim(stem)}|${verbatim(migration.version)})(?:[._-]${suffix})?\\.sql$|^${verbatim(stem)}.*[._-]${suffix}\\.sql$`,
    'i',
  );
  const home = folderOf(migration.path);
  const around = [home, folderOf(home)];
  for (const file of [...input.files, ...input.migrations]) {
    if (file.path === migration.path || file.text === null) continue;
    const folder = folderOf(file.path);
    const name = file.path.slice(folder.length).replace(/^\//, '');
    const parent = folderOf(folder);
    const last = folder.slice(parent.length).replace(/^\//, '');
    if (
      (folder === home && beside.test(name)) ||
      (around.includes(parent) && folders.includes(last) && inFolder.test(name))
    ) {
      return { kind: 'file', path: file.path, line: null, sql: file.text };
    }
  }
  return null;
}

/** `…_rollback_<name>.sql`, `…_revert_<name>.sql`: after it in the same folder. */
function laterMigration(migration: Migration, all: readonly Migration[]): FoundPlan | null {
  const pattern = /(?:^|_)(?:rollback|revert|undo)_(.+)$/i;
  for (const other of all) {
    const undoes = pattern.exec(other.name)?.[1];
    if (undoes === undefined || other.text === null || other.version <= migration.version) continue;
    if (same(undoes, migration.name) || undoes.startsWith(migration.version)) {
      return { kind: 'file', path: other.path, line: null, sql: other.text };
    }
  }
  return null;
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

const heading =
  /^\s*(?:[-=*#>\s]*)(?:step \d+[:.]?\s*)?(?:rollback|roll back|down|down migration|migrate:down|\+(?:goose|migrate) down|revert|undo|to (?:roll ?back|revert|undo))\b[^:;]*?(?::|$|[-=*\s]*$)/i;

/** SQL in comments below a heading "Rollback" or "Down". */
function section(migration: Migration, { sources }: FindInput): FoundPlan | null {
  const source = sources.get(migration.path);
  if (source === undefined) return null;
  const lines = commentLines(source);
  for (const [i, { text }] of lines.entries()) {
    const start = heading.exec(text);
    if (start === null) continue;
    const first = { ...lines[i]!, text: text.slice(start[0].length).trim() };
    const following = [first];
    for (const next of lines.slice(i + 1)) {
      // Another comment further down, with SQL that runs between, is none of it.
      if (next.line > following.at(-1)!.line + 2) break;
      following.push(next);
    }
    const plan = sqlIn(following);
    if (plan !== null) return { kind: 'section', path: migration.path, line: plan.line, sql: plan.sql };
  }
  return null;
}

interface CommentLine {
  readonly line: number;
  readonly text: string;
}

function commentLines(source: SourceFile): CommentLine[] {
  return source.comments.flatMap((comment) => {
    if (!comment.block) return [{ line: comment.line, text: comment.text.replace(/^--+ ?/, '') }];
    const body = comment.text.slice(2, -2).split('\n');
    return body.map((text, i) => ({ line: comment.line + i, text: text.replace(/^\s*\* ?/, '') }));
  });
}

const opensStatement =
  /^\s*(?:alter|begin|comment|commit|create|delete|do|drop|grant|insert|reset|revoke|select|set|truncate|update)\b/i;

/** Statements among prose: from a line that opens one to the line that ends it. */
function sqlIn(lines: readonly CommentLine[]): { sql: string; line: number } | null {
  const kept: string[] = [];
  let from: number | null = null;
  let open: string[] = [];
  const flush = (line: number) => {
    const sql = open.join('\n');
    if (parseStatements(sql)?.length) {
      from ??= line;
      // Lines keep their distance, so that the line of an error holds.
      while (kept.length < line - from) kept.push('');
      kept.push(...open);
    }
    open = [];
  };
  let openedAt = 0;
  for (const { line, text } of lines) {
    const uncommented = text.replace(/^\s*-- ?/, '');
    if (open.length === 0) {
      if (!opensStatement.test(uncommented)) continue;
      openedAt = line;
    }
    open.push(uncommented);
    if (/;\s*(?:--.*)?$/.test(uncommented) && parseStatements(open.join('\n')) !== null) flush(openedAt);
  }
  if (open.length > 0) flush(openedAt);
  return from === null ? null : { sql: `${kept.join('\n')}\n`, line: from };
}

const folderOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const verbatim = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
