/** What a finding says of its way out once that was run on the database: it closes it, it takes more along, or it fails. */
import type { AccessCell, ObjectAccess } from '../model/access.ts';
import type { Facts } from '../model/facts.ts';
import type { Finding } from '../model/finding.ts';
import type { TriedWayOut } from '../model/way-out.ts';
import { ruleById } from './index.ts';
import { callsOn, placesOf } from './support/application/client-calls.ts';
import { upper, withoutExample } from './support/words/words.ts';

export interface Trial {
  readonly before: Facts;
  readonly after: Facts;
  /** What the probes still show. */
  readonly left: readonly Finding[];
  /** Fingerprints of what was found before. */
  readonly known: ReadonlySet<string>;
}

export function withTrial(finding: Finding, way: TriedWayOut, trial: Trial): Finding {
  if (way.error !== null) return withoutOffer(finding, `ended with "${way.error.message}"`);
  if (!way.stands) return untried(finding, 'it does not run beside the other ways out of this report');
  if (trial.left.some(({ fingerprint }) => fingerprint === finding.fingerprint))
    return withoutOffer(finding, 'left what was seen as it is');
  if (!isSeenAgain(finding, trial))
    return untried(finding, 'with it the probes could not ask the same once more');
  return saying(finding, saidOf(finding, trial));
}

/** "Could not check" is an answer. */
export const untried = (finding: Finding, why: string): Finding =>
  saying(finding, `The SQL could not be tried on this schema: ${why}.`);

const withoutOffer = (finding: Finding, outcome: string): Finding =>
  saying(
    { ...finding, help: withoutExample(finding.help ?? ''), fix: null },
    `No SQL is offered: what usually mends this was tried on this schema and ${outcome}.`,
  );

const saying = (finding: Finding, sentence: string): Finding => ({
  ...finding,
  help: `${finding.help ?? ''}\n\n${sentence}`.trim(),
});

function saidOf(finding: Finding, { before, after, left, known }: Trial): string {
  // Of several commands that were seen, one may go on and be told by itself, more mildly.
  const instead = left.find(
    ({ object, rule, fingerprint, severity }) =>
      (severity === 'error' || (severity === 'warning' && rule === finding.rule)) &&
      object === finding.object &&
      !known.has(fingerprint),
  );
  if (instead !== undefined)
    return `Tried on this schema, and it is not enough: ${firstSentence(instead.message)}`;
  const { kept, lost } = ownAccess(objectIn(before, finding.object), objectIn(after, finding.object));
  const calls = callsOn(calledAs(finding.object ?? ''), lost, before);
  const [first] = calls;
  // What the code must do before it, the SQL may say itself, with the place.
  if (first !== undefined && finding.help?.includes(`${first.path}:${first.line}`) !== true) {
    const refused = upper([...new Set(calls.map(({ command }) => command))].toSorted());
    return `Tried on this schema: what was seen is refused then, and so is ${refused} by every user, which the code does (${placesOf(calls)}). Say in a policy or a check whose that is.`;
  }
  const isRefusal = ruleById.get(finding.rule)?.refusal === true;
  const reached =
    kept.length === 0 ? '' : `, and users ${isRefusal ? '' : 'still '}${upper(kept)} rows of their own`;
  return `Tried on this schema: ${isRefusal ? 'the error is gone' : 'what was seen is refused then'}${reached}.`;
}

/** That nothing is found any more says something only where the same was asked, and answered. */
function isSeenAgain({ object }: Finding, { before, after }: Trial): boolean {
  const [had, has] = [before, after].map(({ access }) => access?.head);
  if (had == null || has == null || (had.signUps.length > 0 && has.signUps.length === 0)) return false;
  const opened = had.escalations.flatMap((escalation) =>
    escalation.object === object ? [escalation.opens] : [],
  );
  return [object, ...opened].every((key) => {
    const [was, is] = [before, after].map((facts) => objectIn(facts, key)?.cells ?? []);
    return was!.every((cell) => {
      if (!isAnswer(cell)) return true;
      const same = is!.filter(
        ({ principal, command }) => principal === cell.principal && command === cell.command,
      );
      const alike = same.filter(({ subject }) => subject === cell.subject);
      return same.some(isAnswer) && (alike.length === 0 || alike.some(isAnswer));
    });
  });
}

const isAnswer = ({ outcome }: AccessCell) => outcome !== 'unknown';

/** `public.f(uuid)` is called `public.f`. */
const calledAs = (object: string) => object.replace(/\(.*$/s, '');

const objectIn = ({ access }: Facts, key: string | null): ObjectAccess | undefined =>
  access?.head.objects.find(({ object }) => object === key);

/** Commands by which users reach rows of their own afterwards; and those that only the first lets through, to own rows or nobody's. */
function ownAccess(before: ObjectAccess | undefined, after: ObjectAccess | undefined) {
  const kept: AccessCell['command'][] = [];
  const lost: AccessCell['command'][] = [];
  if (before === undefined || after === undefined) return { kept, lost };
  for (const command of ['select', 'insert', 'update', 'delete', 'execute'] as const) {
    const asked = [before, after].map(({ cells, kind }) =>
      cells.filter(
        (cell) =>
          cell.principal === 'user' &&
          cell.command === command &&
          (kind === 'function' || cell.subject === 'own' || cell.subject === 'unowned'),
      ),
    ) as [AccessCell[], AccessCell[]];
    const [was, is] = asked.map((cells) => cells.some(({ outcome }) => outcome === 'allowed'));
    if (is && asked[1].some(({ outcome, subject }) => outcome === 'allowed' && subject === 'own'))
      kept.push(command);
    const refused =
      asked[1].length > 0 &&
      asked[1].every(({ outcome }) => outcome !== 'unknown' && outcome !== 'constraint');
    if (was && !is && refused) lost.push(command);
  }
  return { kept, lost };
}

const firstSentence = (message: string) => /^.*?\.(?=\s|$)/s.exec(message)?.[0] ?? message;
