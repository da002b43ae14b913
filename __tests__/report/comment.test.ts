import type { ObjectAccess } from '../../src/model/access.ts';
import { comment, commentLimit, markerOf, originOf, sameComment } from '../../src/report/comment.ts';
import { ladder, markdown, noLinks } from '../../src/report/markdown.ts';
import { live, read, rendered } from '../support/github-markdown.ts';
import {
  allWell,
  brokenMain,
  finding,
  halted,
  mistakes,
  nothingChanged,
  project,
  report,
  twoProjects,
} from '../support/sample-report.ts';

const links = {
  file: (path: string, line: number | null) =>
    `https://github.example/o/r/blob/head/${path}${line === null ? '' : `#L${line}`}`,
  docs: (page: string) => `https://github.example/guard/blob/v1/${page}`,
  whole: 'https://github.example/o/r/actions/runs/1',
};

const origin = { project: null, head: 'a'.repeat(40), run: 7 };

const firstLine = (body: string) => body.split('\n').find((line) => line.startsWith('### '));

test('the first line says what happens on merge', () => {
  expect(firstLine(comment(mistakes, links, origin))).toBe(
    '### ❌ 2 things would break, 1 object would be open to the wrong people, access widens on 1 table',
  );
  expect(firstLine(comment(allWell, links, origin))).toBe(
    '### ✅ Nothing would break, and access stays as it is',
  );
  expect(firstLine(comment(nothingChanged, links, origin))).toBe('### ✅ No migration is changed');
});

test('a policy that fails for all opens nothing', () => {
  const [first] = allWell.projects;
  const failing = { ...first!, findings: [finding({ rule: 'rls/auth-users', severity: 'error' })] };
  expect(firstLine(comment({ ...allWell, projects: [failing] }, links, origin))).toContain(
    '1 thing would break',
  );
});

test('how much was checked stands right under it, also when all is well', () => {
  expect(comment(allWell, links, origin)).toContain(
    '**9 of 9 changed statements checked, access tried on 2 of 2 objects.** Nothing found.',
  );
});

test('where there is nothing to compare with, nothing is said of how access changes', () => {
  const [first] = allWell.projects;
  const added = first!.migrations.filter(({ change }) => change === 'added');
  const body = comment({ ...allWell, projects: [{ ...first!, migrations: added }] }, links, origin);
  expect(firstLine(body)).toBe('### ✅ Nothing would break');
});

test('a policy that the probes could not satisfy, and a table that they lost, leave in doubt that access stays', () => {
  const [first] = allWell.projects;
  const skipped = { what: 'policy "of the team" on public.note', why: 'no request', file: null, line: null };
  const of = (access: { object: string; policy: string | null } | undefined) =>
    firstLine(
      comment(
        { ...allWell, projects: [{ ...first!, notChecked: [{ ...skipped, ...(access && { access }) }] }] },
        links,
        origin,
      ),
    );
  expect(of({ object: 'public.note', policy: 'of the team' })).toContain('where it could be tried');
  expect(of({ object: 'public.note', policy: null })).toContain('where it could be tried');
  expect(of(undefined)).not.toContain('where it could be tried');
});

test('a check that did not come to its end is never shown as passed', () => {
  const body = comment(halted, links, origin);
  expect(firstLine(body)).toBe('### ⚠️ The check did not come to its end, and found nothing until then');
  expect(body).toContain('Stage `replay` did not come to its end: the database at `localhost:5432`');
  expect(body).toContain('**0 of 9 changed statements checked.**');
  expect(body).not.toContain('✅');
});

test('a main that does not apply is said once, and the first line does not promise more than was checked', () => {
  const body = comment(brokenMain, links, origin);
  expect(firstLine(body)).toBe('### ✅ Nothing would break in what could be checked');
  expect(body.match(/does not apply from zero/g)).toHaveLength(1);
  expect(body).toContain('3 of 41 older migrations');
});

test('a comment on a correct pull request is short', () => {
  expect(comment(allWell, links, origin).replace(/<details>[\s\S]*?<\/details>/g, '').length).toBeLessThan(
    500,
  );
});

test('the comment of a pull request with mistakes reads as it should', () => {
  expect(comment(mistakes, links, origin)).toMatchSnapshot();
});

test('several projects have a section each and one first line', () => {
  const body = comment(twoProjects, links, origin);
  expect(body.match(/^### /gm)).toHaveLength(1);
  expect(body).toContain('## apps/shop: ❌ 3 errors, 2 warnings, 2 notes');
  expect(body).toContain('## apps/admin: ✅ nothing found');
});

/** In letters: findings that differ in names and numbers alone are told as one. */
const spelled = (index: number) => index.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)]!);
const many = (count: number) =>
  report({
    verdict: 'fail',
    projects: [
      project({
        verdict: 'fail',
        findings: Array.from({ length: count }, (_, index) =>
          finding({
            file: `supabase/migrations/${index % 40}.sql`,
            line: index,
            help: 'x'.repeat(index % 900),
            message: `Nr. ${index}. ${spelled(index)} ${'word '.repeat(60)}`,
          }),
        ),
      }),
    ],
  });

test.each([1, 100, 1000, 20_000])('a report of %i findings stays within the limit of GitHub', (count) => {
  const body = comment(many(count), links, origin);
  expect(body.length).toBeLessThanOrEqual(commentLimit);
  expect(body.startsWith(markerOf(null))).toBe(true);
  expect(firstLine(body)).toBe(`### ❌ 1 object would be open to the wrong people`);
});

test('the limit is used: one character less moves one step down the ladder', () => {
  const lengths = ladder.map((amount, step) => markdown(mistakes, links, amount, step > 0).length);
  expect([...lengths].sort((a, b) => b - a)).toEqual(lengths);
});

test('the last step of the ladder does not grow with the findings, and nothing makes a comment too long', () => {
  const last = ladder.at(-1)!;
  expect(markdown(many(20_000), noLinks, last).length).toBeLessThan(3000);
  const long = project({
    ...many(3).projects[0]!,
    checklist: Array.from({ length: 1000 }, () => ({
      id: 'naming' as const,
      title: 'x'.repeat(9999),
      status: 'pass' as const,
      detail: 'y'.repeat(9999),
    })),
  });
  const worst = report({ projects: Array.from({ length: 100 }, () => long), problem: 'z'.repeat(100_000) });
  expect(comment(worst, links, origin).length).toBeLessThanOrEqual(commentLimit);
});

test('what is true of several objects is told once, with every place and each way out', () => {
  const unlogged = (table: string, line: number) =>
    finding({
      file: 'supabase/migrations/1_a.sql',
      line,
      object: `public.${table}`,
      message: `Row level security is off on "public.${table}". Turn it on.`,
      help: `alter table public.${table} enable row level security;`,
    });
  const body = comment(
    report({ projects: [project({ findings: [unlogged('a', 3), unlogged('b', 7), unlogged('c', 9)] })] }),
    links,
    origin,
  );
  expect(body.match(/Row level security is off/g)).toHaveLength(1);
  expect(body).toMatch(/The same is true of `public\.b` \(\[line 7\]\(.*L7\)\) and `public\.c` \(\[line 9\]/);
  for (const table of ['a', 'b', 'c']) expect(body).toContain(`alter table public.${table} enable`);
});

test('another column or type is another finding, and none is lost behind "the same"', () => {
  const changed = (column: string, line: number) =>
    finding({
      file: 'supabase/migrations/1_a.sql',
      line,
      object: 'public.a',
      message: `Column "${column}" of "public.a" is dropped.`,
    });
  const body = comment(
    report({ projects: [project({ findings: [changed('one', 3), changed('two', 4)] })] }),
    links,
    origin,
  );
  expect(body).toContain('Column `one` of `public.a`');
  expect(body).toContain('Column `two` of `public.a`');
  expect(body).not.toContain('The same is true');
});

test('the matrix shows first what the change is about, and says where nothing could be tried', () => {
  const object = (name: string, tried: boolean): ObjectAccess => ({
    object: `public.${name}`,
    kind: 'table',
    rls: true,
    ownerColumns: [],
    summary: tried ? [{ principal: 'user', command: 'select', access: 'own' }] : [],
    cells: [],
  });
  const objects = [object('old', true), object('tasks', true), object('unfilled', false)];
  const policy = { kind: 'policy', object: '"own" on public.tasks', before: null, after: 'USING (true)' };
  const body = comment(
    report({
      projects: [
        project({
          access: { objects, changes: [], signUps: [] },
          schemaDiff: { added: [policy], removed: [], changed: [] },
        }),
      ],
    }),
    links,
    origin,
  );
  const [first, rest] = body.split('2 objects that this change does not touch');
  expect(first).toContain('| `public.tasks` | own rows: select |');
  expect(first).not.toContain('`public.old`');
  expect(rest).toContain('| `public.old` | own rows: select |');
  expect(rest).toContain('| `public.unfilled` | not known |');
});

test('a shortened comment says where the rest is', () => {
  expect(comment(many(1000), links, origin)).toContain(
    '[the whole report](https://github.example/o/r/actions/runs/1) has what is left out here',
  );
});

const bad =
  '@octocat #1 https://evil.example www.evil.example </details><img src=x onerror=1> | a | ``` `` [x](y) ![z](w) $x$ :tada: \n\n# h\n> [!CAUTION]\n- [ ] task\u202e';
const poisoned = (value: unknown): unknown => {
  if (typeof value === 'string') return bad;
  if (Array.isArray(value)) return value.map(poisoned);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, poisoned(entry)]));
  return value;
};

test('nothing that SQL, file names or an untrusted report hold becomes markup', () => {
  const hostile = { ...mistakes, projects: poisoned(mistakes.projects) as typeof mistakes.projects };
  for (const amount of [ladder[0]!, ladder[3]!]) {
    const html = rendered(markdown(hostile, { ...noLinks, whole: null }, amount));
    const { tags, filtered } = read(html);
    const known = [
      'details',
      'summary',
      'table',
      'thead',
      'tbody',
      'tr',
      'th',
      'td',
      'p',
      'ul',
      'li',
      'h3',
      'h4',
      'strong',
      'em',
      'code',
      'pre',
      'span',
      'sub',
      'br',
      'blockquote',
    ];
    expect(tags.filter((tag) => !known.includes(tag))).toEqual([]);
    for (const node of filtered) for (const pattern of live) expect(node).not.toMatch(pattern);
    expect(html.match(/<details/g)?.length ?? 0).toBe(html.match(/<\/details>/g)?.length ?? 0);
    expect(tags.filter((tag) => tag === 'blockquote').length).toBeLessThanOrEqual(1);
  }
});

test('a comment tells where it came from, and nothing in a project name can end its marker', () => {
  expect(originOf(comment(allWell, links, origin))).toEqual({ head: 'a'.repeat(40), run: 7 });
  expect(originOf(`x\n${comment(allWell, links, origin)}`)).toBeNull();
  expect(markerOf('a --> <b>')).toBe(
    '<!-- supabase-migration-guard: report project=a%20%2D%2D%3E%20%3Cb%3E -->',
  );
});

test('times and the run alone make no new comment, a finding does', () => {
  const slower = report({
    ...allWell,
    projects: [{ ...allWell.projects[0]!, timings: { totalMs: 9, stages: {} } }],
  });
  const before = comment(allWell, links, origin);
  expect(sameComment(before.replaceAll('\n', '\r\n'), comment(slower, links, { ...origin, run: 8 }))).toBe(
    true,
  );
  expect(sameComment(before, comment(mistakes, links, origin))).toBe(false);
});

test('what the rollback section shows, and a query that the help has, is not said again', () => {
  const [first] = mistakes.projects;
  const sql = first!.rollback[1]!.sql!;
  const findings = [
    finding({ rule: 'rollback/missing', severity: 'info', help: `\`\`\`sql\n${sql}\n\`\`\`` }),
    finding({
      rule: 'data/breaks-on-rows',
      help: 'Count them:\n\n```sql\nselect count(*) from t\n```',
      repro: 'select count(*) from t',
    }),
  ];
  const body = comment({ ...mistakes, projects: [{ ...first!, findings }] }, links, origin);
  expect(body.split('drop index if exists public.idx_customers_email;')).toHaveLength(2);
  expect(body.split('select count(*) from t')).toHaveLength(2);
});
