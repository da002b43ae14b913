/** SARIF 2.1.0 for code scanning (docs.github.com, "SARIF support for code scanning"). */
import type { Finding, Severity, SuppressedFinding } from '../model/finding.ts';
import type { ProjectReport, Report } from '../model/report.ts';
import { evidenceWords } from './report.ts';

const levels: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };
/** GitHub takes at most 25,000 results a run and 1,000 characters of a rule's short description. */
const resultLimit = 25_000;

export function sarif(report: Report): string {
  const results = report.projects.flatMap((project) => [
    ...project.findings.map((finding) => result(finding, project, null)),
    ...project.suppressed.map((entry) => result(entry.finding, project, entry)),
  ]);
  const rules = new Map(
    report.projects
      .flatMap((project) => [...project.findings, ...project.suppressed.map(({ finding }) => finding)])
      .map((finding) => [finding.rule, finding]),
  );
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: report.tool.name,
            version: report.tool.version,
            rules: [...rules.values()].sort((a, b) => (a.rule < b.rule ? -1 : 1)).map(rule),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: results.slice(0, resultLimit),
        invocations: [{ executionSuccessful: report.verdict !== 'incomplete' }],
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

const rule = (finding: Finding) => ({
  id: finding.rule,
  name: finding.rule,
  shortDescription: { text: finding.rule },
  defaultConfiguration: { level: levels[finding.severity] ?? 'note' },
  properties: { tags: [finding.rule.split('/')[0] ?? '', 'supabase', 'migration'] },
});

function result(finding: Finding, project: ProjectReport, suppressed: SuppressedFinding | null) {
  return {
    ruleId: finding.rule,
    level: levels[finding.severity] ?? 'note',
    message: { text: [finding.message, finding.help].filter(Boolean).join('\n\n') },
    locations: [{ physicalLocation: location(finding, project) }],
    // Stable: rule, object, role and command, never a line.
    partialFingerprints: { 'migrationGuard/v1': finding.fingerprint },
    baselineState: finding.new ? 'new' : 'unchanged',
    properties: { evidence: evidenceWords(finding.evidence), object: finding.object },
    ...(suppressed === null
      ? {}
      : {
          suppressions: [
            { kind: suppressed.by === 'comment' ? 'inSource' : 'external', justification: suppressed.reason },
          ],
        }),
  };
}

/** Code scanning shows no result without a place: what belongs to no file stands at the project's configuration. */
function location(finding: Finding, project: ProjectReport) {
  const home = project.path === '.' ? '' : `${project.path}/`;
  const uri = (finding.file ?? `${home}supabase/config.toml`).split('/').map(encodeURIComponent).join('/');
  const { line, column, endLine, endColumn } = finding;
  return {
    artifactLocation: { uri, uriBaseId: '%SRCROOT%' },
    region: {
      startLine: line ?? 1,
      ...(line !== null && column !== null ? { startColumn: column } : {}),
      ...(line !== null && endLine !== null ? { endLine } : {}),
      ...(line !== null && endColumn !== null && endLine !== null ? { endColumn } : {}),
    },
  };
}
