// Writes the comment on the bundled example into docs/comment.md, and its visible part into the README. usage: npm run sample [-- --check]
// Runs dist/: build first. Ids of made rows, dates and times differ from run to run: --check looks past them.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const command =
  'dist/cli.js check --project fixtures/projects/invoices --changed 20261102093000_share_invoices.sql 20261102100000_payments_and_roles.sql';
const { stdout, stderr } = spawnSync(process.execPath, [...command.split(' '), '--format', 'markdown'], {
  encoding: 'utf8',
});
if (!stdout.startsWith('### ')) throw new Error(`The example was not checked: ${stderr || stdout}`);

const page = `<!-- What \`node ${command} --format markdown\` prints. Written by \`npm run sample\`. -->\n\n${stdout}`;

/** From the innermost fold outwards. */
function unfolded(text: string): string {
  const shorter = text.replace(/<details>(?:(?!<details>)[\s\S])*?<\/details>/g, '');
  return shorter === text ? text : unfolded(shorter);
}

/** What is seen before anything is unfolded, as a quotation, its headings one level down. */
const visible = unfolded(stdout)
  .replace(/^<sub>Postgres .*$/m, '')
  .replaceAll('fixtures/projects/invoices/', '')
  .replace(/^#/gm, '##')
  .replace(/\n\s*\n/g, '\n\n')
  .trim()
  .split('\n')
  .map((line) => `> ${line}`.trimEnd())
  .join('\n');

const [begin, end] = ['<!-- comment: begin -->', '<!-- comment: end -->'];
const readme = readFileSync('README.md', 'utf8');
const [before = '', rest = ''] = readme.split(begin);
const [old = '', after = ''] = rest.split(end);
const words = old.trim().split('\n', 1)[0];
const written = `${before}${begin}\n${words}\n\n${visible}\n${end}${after}`;

/** Without what differs from run to run. */
const lasting = (text: string) =>
  text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id')
    .replace(/\d{4}-\d\d-\d\d[ T][\d:.+Z]*/g, 'time')
    .replace(/^<sub>Postgres .*$/m, '');

if (process.argv.includes('--check')) {
  const stale = [
    lasting(readme) === lasting(written) ? '' : 'README.md',
    lasting(readFileSync('docs/comment.md', 'utf8')) === lasting(page) ? '' : 'docs/comment.md',
  ].filter(Boolean);
  if (stale.length > 0) {
    console.error(`Stale: ${stale.join(', ')}. Run "npm run sample".`);
    process.exit(1);
  }
  console.log('README.md and docs/comment.md are fresh');
} else {
  writeFileSync('README.md', written);
  writeFileSync('docs/comment.md', page);
}
