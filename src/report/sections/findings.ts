/** What is wrong, by file. */
import type { Finding } from '../../model/finding.ts';
import type { ProjectReport } from '../../model/report.ts';
import { block, code, prose, shortened, text } from '../escape.ts';
import { helpParts } from '../help.ts';
import {
  byFile,
  bySeverity,
  counts,
  countWords,
  current,
  evidenceWords,
  list,
  plural,
  sentence,
} from '../report.ts';
import { helpOf, sameOf, type Told, twins } from '../twins.ts';
import { type Amount, folded, indented, type MarkdownLinks, mark, stacked } from './parts.ts';

export function findingsSection(project: ProjectReport, links: MarkdownLinks, amount: Amount): string {
  const sorted = [...current(project)].sort(bySeverity);
  const grave = sorted.filter((finding) => finding.severity !== 'info');
  const light = sorted.filter((finding) => finding.severity === 'info');
  const mended = project.findings.filter((finding) => finding.mendedBy !== null).length;
  const draw = (findings: readonly Finding[]) =>
    byFile(findings).flatMap(([file, entries]) => [
      fileHeading(file, links),
      ...twins(entries).map((told) => findingText(told, project, links, amount)),
    ]);
  const left = grave.slice(amount.findings);
  const lightWords = sentence(plural(light.length, 'note'));
  return stacked(
    ...draw(grave.slice(0, amount.findings)),
    left.length > 0 ? `… and ${countWords(counts(left))} more.` : '',
    light.length === 0
      ? ''
      : amount.notes
        ? folded(lightWords, stacked(...draw(light.slice(0, amount.findings))))
        : `${lightWords} not listed here.`,
    mended > 0
      ? `${sentence(plural(mended, 'finding'))} ${mended === 1 ? 'is' : 'are'} mended by a later migration.`
      : '',
  );
}

/** What the section of the rollback shows, and what the help has said already, is not said again. */
function onceOnly(finding: Finding, { rollback }: ProjectReport): Finding {
  const { help, repro } = finding;
  const shown = help !== null && rollback.some(({ sql }) => sql !== null && help.includes(sql.trim()));
  const said = help !== null && repro !== null && help.includes(repro.trim());
  return { ...finding, help: shown ? null : help, repro: said ? null : repro };
}

function fileHeading(file: string | null, links: MarkdownLinks): string {
  if (file === null) return '#### The project as a whole';
  const name = code(file);
  const address = links.file(file, null);
  return `#### ${address === null ? name : `[${name}](${address})`}`;
}

function findingText(told: Told, project: ProjectReport, links: MarkdownLinks, amount: Amount): string {
  const finding = onceOnly({ ...told.first, help: helpOf(told) }, project);
  const line = (of: Finding): string => {
    const address = of.file === null ? null : links.file(of.file, of.line);
    return address === null ? `line ${of.line}` : `[line ${of.line}](${address})`;
  };
  const place = finding.line === null ? '' : `${line(finding)}: `;
  const page = links.docs(finding.docs);
  const rule = page === null ? code(finding.rule) : `[${code(finding.rule)}](${page})`;
  const causes = finding.causes.length > 0 ? `, with ${list(finding.causes.map(code))}` : '';
  const same = sameOf(told, { name: code, line });
  const says = `- ${mark[finding.severity] ?? '⚠️'} ${place}${prose(shortened(finding.message, 2000))}${same === '' ? '' : ` ${same}`}<br><sub>${rule}${causes} · ${text(evidenceWords(finding.evidence))}</sub>`;
  const more = amount.help ? wayOut(finding) : '';
  return stacked(says, more === '' ? '' : indented(more));
}

function wayOut(finding: Finding): string {
  const { help, repro, fix } = finding;
  const rename = help === null && fix?.rename !== undefined ? `Rename it to ${code(fix.rename.to)}.` : '';
  const toDo = stacked(help === null ? '' : helpText(shortened(help, 4000)), rename);
  const again = repro === null ? '' : block(shortened(repro, 4000), 'sql');
  if (toDo === '') return again === '' ? '' : folded('See it again', again);
  return folded('What to do', stacked(toDo, again === '' ? '' : `See it again:\n\n${again}`));
}

/** SQL is coloured as SQL, prose is not. */
const helpText = (help: string): string =>
  stacked(
    ...helpParts(help).map(({ language, text: part }) =>
      language === null ? prose(part) : block(part, language),
    ),
  );
