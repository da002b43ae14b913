/**
 * The SQL that findings offer is tried: a pull request on top of this one, on the database that stands there after it.
 * What the probes saw is judged anew, so that a way out says whether it closes what it is for, and what it takes along.
 */
import type { Facts } from '../model/facts.ts';
import type { Finding } from '../model/finding.ts';
import type { WayOut } from '../model/way-out.ts';
import { helpParts } from '../report/help.ts';
import { type Judgement, judge } from '../rules/engine.ts';
import { rules } from '../rules/index.ts';
import type { RuleSettings } from '../rules/settings.ts';
import { untried, withTrial } from '../rules/way-out-tried.ts';
import { parseSource } from '../sql/parse.ts';
import type { Examination } from './examination.ts';
import type { StageBook } from './stages.ts';

/** Ways out that are tried in one run: nobody reads more. */
const most = 100;

export async function tryWaysOut(
  { facts, database }: Examination,
  judged: Judgement,
  findings: readonly Finding[],
  settings: RuleSettings,
  book: StageBook,
): Promise<readonly Finding[]> {
  const offers = findings.flatMap((finding) => offerOf(finding) ?? []);
  if (database === null || offers.length === 0) return findings;
  const offered = new Set(offers.map((way) => way.of));
  const withEach = (say: (finding: Finding) => Finding) =>
    findings.map((finding) => (offered.has(finding.fingerprint) ? say(finding) : finding));
  try {
    return await book.time('ways out', async () => {
      const seen = await database.mended(offers.slice(0, most));
      const tried = new Map(seen.tried.map((way) => [way.of, way]));
      const left = stillSeen(seen.facts, settings);
      const known = new Set([...judged.findings, ...judged.stood].map(({ fingerprint }) => fingerprint));
      const trial = { before: facts, after: seen.facts, left, known };
      return withEach((finding) => {
        const way = tried.get(finding.fingerprint);
        return way === undefined
          ? untried(finding, `only the first ${most} of a report are`)
          : withTrial(finding, way, trial);
      });
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return withEach((finding) => untried(finding, why.replace(/\.$/, '')));
  }
}

/** SQL that is meant to be run as it stands, of what was seen and is still there. */
function offerOf(finding: Finding): WayOut | null {
  const { severity, evidence, mendedBy, help } = finding;
  if (severity !== 'error' || !evidence.includes('probe') || mendedBy !== null || help === null) return null;
  const parts = helpParts(help).filter(({ language }) => language === 'sql');
  // Behind a line "-- or" stands another way.
  const sql = parts.map(({ text }) => text.split(/^-- or\b/m)[0]!).join('\n');
  if (parts.length === 0 || sql.includes('…')) return null;
  const { issue, statements } = parseSource('way out', sql);
  return issue === null && statements.length > 0 ? { of: finding.fingerprint, sql } : null;
}

/** What the probes show now. */
function stillSeen(facts: Facts, settings: RuleSettings): readonly Finding[] {
  const { findings, stood, failed } = judge(
    facts,
    settings,
    rules.filter(({ evidence }) => evidence.includes('probe')),
  );
  const [first] = failed;
  if (first !== undefined) throw new Error(`rule "${first.rule}" failed on it: ${first.message}`);
  // With --all rules tell of each migration's own state too, from its text.
  return [...findings, ...stood].filter(({ evidence }) => evidence.includes('probe'));
}
