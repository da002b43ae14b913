/** Writes what a new rule needs: its file, two cases, its line in the registry. usage: npm run new-rule category/name */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const id = process.argv[2] ?? '';
if (!/^[a-z]+\/[a-z0-9]+(-[a-z0-9]+)*$/.test(id)) {
  console.error('usage: npm run new-rule category/name');
  process.exit(2);
}
const file = join('src/rules', `${id}.ts`);
if (existsSync(file)) {
  console.error(`${file} exists already`);
  process.exit(2);
}

const write = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(path);
};

write(
  file,
  `import { rule } from '../rule.ts';

export default rule({
  id: '${id}',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'what it finds, in one line, without a full stop',
  why: 'Why it matters: what Postgres or Supabase does.',
  remedy: 'What to do.\\n\\n\`\`\`sql\\nselect 1;\\n\`\`\`',
  since: '0.1.0',
  sources: [],
  fixable: false,
  statement: {
    CreateStmt(_node, statement, { placeOf, report }) {
      report({ message: 'What is wrong. Why it matters. What to do.', at: placeOf(statement) });
    },
  },
});
`,
);
write(
  join('fixtures/rules', id, 'fail-plain.sql'),
  `-- expect: ${id}@2\ncreate table public.note (id uuid primary key);\n`,
);
write(join('fixtures/rules', id, 'pass-plain.sql'), 'select 1;\n');

const registry = 'src/rules/registry.ts';
const lines = readFileSync(registry, 'utf8').trimEnd().split('\n');
const entry = `export { default as '${id}' } from './${id}.ts';`;
const head = lines.filter((line) => !line.startsWith('export'));
const entries = [...lines.filter((line) => line.startsWith('export')), entry].sort();
writeFileSync(registry, `${[...head, ...entries].join('\n')}\n`);
console.log(`${registry}\nNow: write the rule and its cases, then "npm run docs".`);
