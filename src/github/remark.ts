/** A certain fix as a remark on the pull request's diff: a suggestion where its lines stand there, else in words on the file. */
import type { Edit, Finding } from '../model/finding.ts';
import { block, prose, text, visible } from '../report/escape.ts';
import { applyEdits } from '../report/fix.ts';
import { diffHunks, type Listing } from './files.ts';

export interface Lines {
  readonly from: number;
  readonly to: number;
}

export interface Remark {
  /** First line of the body, unseen: which finding it is about. */
  readonly mark: string;
  readonly path: string;
  readonly body: string;
  /** Null: on the file as a whole. */
  readonly lines: Lines | null;
}

/** The mark that a body begins with; null where it is none of ours. */
export const markIn = (body: string): string | null =>
  /^<!-- supabase-migration-guard: fix \w+ -->/.exec(body)?.[0] ?? null;

const markOf = (fingerprint: string) =>
  `<!-- supabase-migration-guard: fix ${fingerprint.replace(/[^\w]/g, '_')} -->`;

/** Null where there is no certain fix, or the pull request does not touch its file. */
export async function remarkOf(
  finding: Finding,
  listing: Listing,
  headText: (path: string) => Promise<string | null>,
): Promise<Remark | null> {
  const edits = finding.fix?.edits ?? [];
  const path = edits[0]?.file;
  if (path === undefined || edits.some(({ file }) => file !== path)) return null;
  const file = listing.files.find((entry) => entry.path === path);
  const source = await headText(path);
  if (file === undefined || source === null) return null;
  const change = wholeLines(source, edits);
  const mark = markOf(finding.fingerprint);
  const words = [mark, prose(finding.message), `**${text(finding.fix!.title)}**`];
  // What is shown in place of a control character must not be committed with a click.
  const faithful = visible(change.text) === change.text;
  const inDiff =
    faithful && diffHunks(file.patch).some(({ from, to }) => from <= change.from && change.to <= to);
  const proposal = inDiff
    ? block(change.text, 'suggestion')
    : `In ${change.from === change.to ? `line ${change.from}` : `lines ${change.from} to ${change.to}`}:\n\n${block(change.text, 'sql')}`;
  return {
    mark,
    path,
    body: `${[...words, proposal].join('\n\n')}\n\n<sub>${text(finding.rule)}</sub>`,
    lines: inDiff ? { from: change.from, to: change.to } : null,
  };
}

/** A suggestion replaces whole lines: the lines that the edits touch, with the edits made. */
export function wholeLines(
  source: string,
  edits: readonly Edit[],
): { readonly from: number; readonly to: number; readonly text: string } {
  const from = Math.min(...edits.map((edit) => edit.startLine));
  const to = Math.max(...edits.map((edit) => edit.endLine));
  const after = applyEdits(source, edits).split('\n');
  const grown = after.length - source.split('\n').length;
  const text = after.slice(from - 1, to + grown).join('\n');
  return { from, to, text: text.replaceAll('\r', '') };
}
