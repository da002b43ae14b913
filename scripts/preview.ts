// Renders comments as pages that look like GitHub's, light and dark, to be looked at.
// usage: npm run preview [-- --out DIR] [REPORT.json …]   (default: the samples of the tests, and every fixtures/projects/*)
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import * as samples from '../__tests__/support/sample-report.ts';
import type { Report } from '../src/model/report.ts';
import { comment } from '../src/report/comment.ts';
import { html } from '../src/report/html.ts';

const { values, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true });
const out = values.out ?? mkdtempSync(join(tmpdir(), 'guard-preview-'));
mkdirSync(out, { recursive: true });

const links = {
  file: (path: string, line: number | null) =>
    `https://github.com/acme/shop/blob/head/${path}${line === null ? '' : `#L${line}`}`,
  docs: (page: string) => `https://github.com/acme/guard/blob/v0/${page}`,
  whole: 'https://github.com/acme/shop/actions/runs/1',
};

const reports = new Map<string, Report>();
if (positionals.length > 0) {
  for (const path of positionals)
    reports.set(basename(path, '.json'), JSON.parse(readFileSync(path, 'utf8')) as Report);
} else {
  for (const [name, value] of Object.entries(samples))
    if (typeof value === 'object') reports.set(name, value);
  const projects = 'fixtures/projects';
  for (const name of existsSync(projects) ? readdirSync(projects) : []) {
    const report = checked(join(projects, name));
    if (report !== null) reports.set(name, report);
  }
}

/** The built command line on a fixture: each migration as its own pull request. */
function checked(project: string): Report | null {
  if (!existsSync('dist/cli.js')) return null;
  const args = ['dist/cli.js', 'check', '--project', project, '--all', '--format', 'json'];
  try {
    return JSON.parse(
      execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 }),
    ) as Report;
  } catch (error) {
    // Findings are exit code 1: the report is there all the same.
    const { stdout } = error as { stdout?: string };
    return stdout?.startsWith('{') ? (JSON.parse(stdout) as Report) : null;
  }
}

const style = `
body { margin: 0; font: 14px/1.5 -apple-system, BlinkMacSystemFont, "Segoe UI", Helvetica, Arial, "DejaVu Sans", sans-serif, "Noto Color Emoji"; }
main { max-width: 860px; margin: 24px auto; border: 1px solid var(--line); border-radius: 6px; background: var(--page); }
header { padding: 8px 16px; border-bottom: 1px solid var(--line); background: var(--bar); color: var(--soft); border-radius: 6px 6px 0 0; }
article { padding: 16px; word-wrap: break-word; }
article > :first-child { margin-top: 0; } h2, h3, h4 { margin: 24px 0 16px; font-weight: 600; line-height: 1.25; } h2 { font-size: 1.5em; padding-bottom: .3em; border-bottom: 1px solid var(--line); } h3 { font-size: 1.25em; } h4 { font-size: 1em; }
p, ul, table, pre, blockquote, details { margin: 0 0 16px; } ul { padding-left: 2em; } li + li { margin-top: .25em; } li > p { margin-top: 16px; } li > details { margin-top: 4px; }
a { color: var(--link); text-decoration: none; } code { font: 85% ui-monospace, SFMono-Regular, "DejaVu Sans Mono", monospace; background: var(--code); padding: .2em .4em; border-radius: 6px; white-space: break-spaces; }
pre { background: var(--bar); padding: 16px; border-radius: 6px; overflow: auto; line-height: 1.45; } pre code { background: none; padding: 0; white-space: pre; }
table { border-collapse: collapse; display: block; width: max-content; max-width: 100%; overflow: auto; } th, td { border: 1px solid var(--line); padding: 6px 13px; } tr:nth-child(2n) td { background: var(--bar); } th { font-weight: 600; }
blockquote { border-left: .25em solid var(--note); padding: 0 1em; } summary { cursor: pointer; } sub { font-size: 75%; color: inherit; } em { color: var(--soft); }
`;
const themes = {
  light:
    '--page:#fff;--line:#d1d9e0;--soft:#59636e;--bar:#f6f8fa;--link:#0969da;--code:#818b981f;--note:#0969da;background:#fff;color:#1f2328',
  dark: '--page:#0d1117;--line:#3d444d;--soft:#9198a1;--bar:#151b23;--link:#4493f8;--code:#656c7633;--note:#1f6feb;background:#010409;color:#f0f6fc;color-scheme:dark',
};

function page(body: string, theme: keyof typeof themes, open: boolean): string {
  const rendered = micromark(body, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })
    .replace(/\[!NOTE\]\n?/g, '<strong>Note</strong><br>')
    .replaceAll('<details>', open ? '<details open>' : '<details>');
  return `<!doctype html><meta charset="utf-8"><style>${style}</style><body style="${themes[theme]}"><main><header><b>github-actions</b> <small>bot</small> commented</header><article>${rendered}</article></main>`;
}

for (const [name, report] of reports) {
  const body = comment(report, links, { project: null, head: '0'.repeat(40), run: 1 });
  writeFileSync(join(out, `${name}.md`), body);
  writeFileSync(join(out, `${name}-access.html`), html(report));
  for (const theme of ['light', 'dark'] as const) {
    writeFileSync(join(out, `${name}-${theme}.html`), page(body, theme, false));
    writeFileSync(join(out, `${name}-${theme}-open.html`), page(body, theme, true));
  }
  console.log(`${name}: ${body.length} characters`);
}
console.log(out);
