/** Suppression comments: which finding they take out, which of them do nothing, which are void. */
import type { Place } from '../model/finding.ts';
import type { SourceFile, Suppression } from '../model/sql.ts';

export interface Marked {
  readonly source: SourceFile;
  readonly suppression: Suppression;
  /** Rules of it that took a finding out. */
  readonly used: Set<string>;
}

export class Suppressions {
  private readonly byFile = new Map<string, Marked[]>();

  constructor(sources: Iterable<SourceFile>) {
    for (const source of sources) {
      if (source.suppressions.length === 0) continue;
      this.byFile.set(
        source.path,
        source.suppressions.map((suppression) => ({ source, suppression, used: new Set<string>() })),
      );
    }
  }

  /** The suppression that takes this finding out, marked as used; null where none does. One without reason is void. */
  take(rule: string, at: Place | null): Suppression | null {
    for (const marked of at === null ? [] : (this.byFile.get(at.file) ?? [])) {
      const { suppression } = marked;
      if (suppression.reason === '' || !suppression.rules.includes(rule)) continue;
      const { covers } = suppression;
      if (covers !== null && (at!.line < covers.from || at!.line > covers.to)) continue;
      marked.used.add(rule);
      return suppression;
    }
    return null;
  }

  of(path: string): readonly Marked[] {
    return this.byFile.get(path) ?? [];
  }
}
