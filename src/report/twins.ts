/** Findings of one file that say the same of several objects: told once, with all their places. */
import type { Finding } from '../model/finding.ts';
import { withoutRepeats } from './help.ts';
import { list } from './report.ts';

export interface Told {
  readonly first: Finding;
  /** What is true of the first is true of them, in the order of the list. */
  readonly others: readonly Finding[];
}

/** Of one file, in their order. */
export function twins(findings: readonly Finding[]): readonly Told[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { rule, severity, evidence, causes, message, object } = finding;
    // All but the object's own name is the same: another column, type or policy is another finding.
    const said = object === null ? message : message.replaceAll(`"${object}"`, '""');
    const key = JSON.stringify([rule, severity, evidence, causes, said]);
    const group = groups.get(key);
    if (group) group.push(finding);
    else groups.set(key, [finding]);
  }
  return [...groups.values()].map(([first, ...others]) => ({ first: first!, others }));
}

const most = 12;

export interface Spelling {
  readonly name: (object: string) => string;
  readonly line: (finding: Finding) => string;
}

/** The sentence about the others; empty where there are none. */
export function sameOf({ first, others }: Told, { name, line }: Spelling): string {
  if (others.length === 0) return '';
  const shown = others.slice(0, most).map((other) => {
    const where = other.line === null ? '' : line(other);
    if (other.object === null || other.object === first.object) return where;
    return where === '' ? name(other.object) : `${name(other.object)} (${where})`;
  });
  const places = [...new Set(shown.filter((place) => place !== ''))];
  const left = others.length - most;
  return `The same is true of ${list(left > 0 ? [...places, `${left} more`] : places)}.`;
}

/** Characters of help that are read; past that a pattern is plain. */
const enough = 3500;

/** The ways out of all of them, each once. */
export function helpOf({ first, others }: Told): string | null {
  const helps = [...new Set([first, ...others].flatMap(({ help }) => (help === null ? [] : [help.trim()])))];
  if (helps.length < 2) return first.help ?? helps[0] ?? null;
  let length = 0;
  const shown = helps.filter((help, at) => {
    length += help.length;
    return at === 0 || length <= enough;
  });
  const left = helps.length - shown.length;
  return withoutRepeats([...shown, ...(left > 0 ? [`The other ${left} go the same way.`] : [])].join('\n\n'));
}
