/** Who is to blame for a failure: what did not happen before it is remembered, and nobody is blamed for wanting it. */
import { postgisWords } from '../database/platform/index.ts';
import type { NotChecked } from '../model/finding.ts';
import type { SqlError } from '../model/replay.ts';
import type { SourceFile, Statement } from '../model/sql.ts';
import { extensionsIn } from './extensions.ts';
import type { MigrationFile, Step } from './file.ts';
import { type Excuse, everMade, missingIn, namesOf, Shortfall } from './names.ts';

export class Blame {
  readonly #shortfall = new Shortfall();
  readonly #sources: () => readonly SourceFile[];
  #made: ReadonlySet<string> | null = null;
  /** Whether everything so far applied, but for what an extension took along. */
  whole = true;

  /** `sources`: every migration, of base and head. */
  constructor(sources: () => readonly SourceFile[]) {
    this.#sources = sources;
  }

  /** Why a failure is not the statement's own; null where it is. */
  excuse(error: SqlError, statement: Statement | null = null): Excuse | null {
    return this.#shortfall.excuse(error, () => this.made, this.whole, statement) ?? this.#postgis(error);
  }

  /** What PostGIS has and its stand-in lacks: a project that creates the extension is right to name it. */
  #postgis(error: SqlError): Excuse | null {
    const missing = missingIn(error);
    if (missing === null || missing.column || !postgisWords.test(error.message)) return null;
    if (this.made.has(missing.name)) return null;
    const created = this.#sources().some(({ text }) =>
      extensionsIn(text).some(({ name }) => name === 'postgis'),
    );
    return created
      ? {
          because: 'extension',
          reason: `"${missing.name}" is a part of PostGIS that this engine does not have.`,
        }
      : null;
  }

  /** A statement that failed, or was not reached, would have done away with it. */
  shouldBeGone(name: string): boolean {
    return this.#shortfall.keeps(name);
  }

  /** Names that some migration makes. */
  get made(): ReadonlySet<string> {
    this.#made ??= everMade(this.#sources());
    return this.#made;
  }

  /** Names that some migration does away with. */
  dropped(): ReadonlySet<string> {
    const drops = new Set<string>();
    for (const { statements } of this.#sources()) {
      for (const statement of statements) for (const name of namesOf(statement).drops) drops.add(name);
    }
    return drops;
  }

  /** What did not happen, so that what fails for want of it is not blamed. Answers with what could not be checked. */
  remember(file: MigrationFile, steps: readonly Step[]): readonly NotChecked[] {
    const notChecked: NotChecked[] = [];
    for (const step of steps) {
      if (step.outcome === 'applied') continue;
      const statement = file.source.statements[step.index];
      if (!statement) {
        if (file.source.issue) this.#shortfall.addFile(file.source, file.path);
        continue;
      }
      if (step.outcome !== 'passed over') {
        this.#shortfall.add(statement, `line ${statement.span.line} of ${file.path}`);
        continue;
      }
      const { extname, subname } = statement.node;
      if (extname !== undefined) this.#shortfall.addExtension(extname);
      notChecked.push({
        what: extname === undefined ? `CREATE SUBSCRIPTION "${subname}"` : `CREATE EXTENSION "${extname}"`,
        why: step.reason ?? '',
        file: file.path,
        line: statement.span.line,
      });
    }
    return notChecked;
  }

  /** Extensions that a DO block creates, and swallows that they are missing. */
  rememberSwallowed({ source }: MigrationFile, isMissing: (extension: string) => boolean): void {
    for (const statement of source.statements) {
      if (statement.kind !== 'DoStmt') continue;
      for (const { name } of extensionsIn(statement.sql)) {
        if (isMissing(name)) this.#shortfall.addExtension(name);
      }
    }
  }
}
