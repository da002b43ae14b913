/** A page of its own for the access matrix: a filter, and behind each cell what was tried. No request leaves it. */
import type { AccessCell, ObjectAccess, Principal } from '../model/access.ts';
import type { ProjectReport, Report } from '../model/report.ts';
import { conditionWords } from '../probes/matrix/ways-in.ts';
import { html as escaped } from './escape.ts';
import { reachWords, wordsOf } from './reach.ts';
import { accessChanges, conditionsChanged, coverageWords, headline, sentence } from './report.ts';

const principals = ['anon', 'user', 'user-anonymous', 'service_role'] as const;

export function html(report: Report): string {
  const several = report.projects.length > 1;
  const sections = report.projects.map((project) => section(project, several)).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Who can do what</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Who can do what</h1>
<p>${escaped(sentence(headline(report)))}. ${escaped(sentence(coverageWords(report)))}.</p>
<label>Filter <input id="filter" type="search" placeholder="table, role, command …" autocomplete="off"></label>
<label><input id="changed" type="checkbox"> only what changes</label>
</header>
<main>
${sections || '<p>No object was probed.</p>'}
</main>
<script>${script}</script>
</body>
</html>
`;
}

function section(project: ProjectReport, named: boolean): string {
  const { objects } = project.access;
  if (objects.length === 0) return '';
  const shown = principals.filter((principal) =>
    objects.some((object) => object.summary.some((entry) => entry.principal === principal)),
  );
  const head = shown.map((principal) => `<th scope="col">${escaped(principal)}</th>`).join('');
  const rows = objects.map((object) => row(object, project, shown)).join('\n');
  return `<section>${named ? `<h2>${escaped(project.path)}</h2>` : ''}
<table>
<thead><tr><th scope="col">Object</th>${head}</tr></thead>
<tbody>
${rows}
</tbody>
</table></section>`;
}

function row(object: ObjectAccess, project: ProjectReport, shown: readonly Principal[]): string {
  const changes = accessChanges(project).filter((change) => change.object === object.object);
  const cells = shown.map((principal) => {
    const entries = object.summary.filter((entry) => entry.principal === principal);
    const lines = entries.map(({ command, access }) => {
      const change = changes.find((one) => one.principal === principal && one.command === command);
      const before =
        change === undefined
          ? ''
          : change.before === change.after
            ? ` <small>${escaped(conditionsChanged(change))}</small>`
            : ` <small>was ${escaped(reachWords(change.before))}</small>`;
      const tried = object.cells.filter((cell) => cell.principal === principal && cell.command === command);
      const name = `<span class="access ${escaped(access)}">${escaped(command)}: ${escaped(wordsOf(object, { principal, command, access }))}</span>${before}`;
      const body = tried.map(evidence).join('');
      return body === '' ? `<div>${name}</div>` : `<details><summary>${name}</summary>${body}</details>`;
    });
    return `<td>${lines.join('')}</td>`;
  });
  const rls = object.rls === null ? '' : object.rls ? '' : ' <small class="off">RLS off</small>';
  const owner =
    object.ownerColumns.length > 0 ? `<small>owner: ${escaped(object.ownerColumns.join(', '))}</small>` : '';
  return `<tr data-changed="${changes.length > 0}"><th scope="row"><code>${escaped(object.object)}</code> <small>${escaped(object.kind)}</small>${rls}${owner}</th>${cells.join('')}</tr>`;
}

function evidence(cell: AccessCell): string {
  const facts = [
    `${cell.subject} row: <b>${escaped(cell.outcome)}</b>`,
    cell.columns.length > 0 ? `columns ${escaped(cell.columns.join(', '))}` : '',
    cell.when === null ? '' : `only ${escaped(conditionWords(cell.when))}`,
    cell.via === null ? '' : `through <code>${escaped(cell.via)}</code>`,
    cell.representation ? '' : 'without RETURNING',
    cell.reason === null ? '' : escaped(cell.reason),
  ].filter(Boolean);
  const proof = cell.proof.map((step) => `-- as ${step.as}\n${step.sql}\n-- → ${step.result}`).join('\n\n');
  return `<p>${facts.join('; ')}</p>${proof === '' ? '' : `<pre>${escaped(proof)}</pre>`}`;
}

const style = `
:root { color-scheme: light dark; --line: #d1d9e0; --soft: #59636e; --bad: #d1242f; --good: #1a7f37; --mind: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9198a1; --bad: #f85149; --good: #3fb950; --mind: #d29922; } }
body { font: 14px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem 1.5rem; }
header { margin-bottom: 1rem; } h1 { font-size: 1.5rem; margin: .5rem 0; } header label { margin-right: 1.5rem; }
input[type=search] { font: inherit; padding: .3rem .5rem; width: 18rem; max-width: 100%; }
table { border-collapse: collapse; width: 100%; } th, td { border: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; background: Canvas; } th[scope=row] { font-weight: 500; } small { color: var(--soft); display: inline-block; } th small { margin-right: .4rem; }
.all { color: var(--bad); font-weight: 600; } .own { color: var(--good); } .conditional, .unknown, .off { color: var(--mind); } .none { color: var(--soft); }
td:last-child .all { color: inherit; font-weight: inherit; }
summary { cursor: pointer; } pre { overflow: auto; padding: .6rem; border: 1px solid var(--line); border-radius: 6px; font-size: 12px; max-width: 40rem; white-space: pre-wrap; } details p { margin: .4rem 0; }
`;

const script = `
const rows = [...document.querySelectorAll('tbody tr')];
const filter = document.getElementById('filter');
const changed = document.getElementById('changed');
const show = () => {
  const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word)) || (changed.checked && row.dataset.changed !== 'true');
  }
};
filter.addEventListener('input', show);
changed.addEventListener('change', show);
`;
