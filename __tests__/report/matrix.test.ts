import type { AccessCell, ObjectAccess } from '../../src/model/access.ts';
import { summarize } from '../../src/probes/cells.ts';
import { matrixMarkdown, matrixText } from '../../src/report/matrix.ts';
import { project, report } from '../support/sample-report.ts';

const cell = (fields: Partial<AccessCell>): AccessCell => ({
  principal: 'user',
  command: 'insert',
  subject: 'spoof',
  outcome: 'allowed',
  columns: [],
  representation: true,
  when: null,
  via: null,
  proof: [],
  reason: null,
  ...fields,
});
const notes = (cells: readonly AccessCell[]): ObjectAccess => ({
  object: 'public.notes',
  kind: 'table',
  rls: true,
  ownerColumns: ['user_id'],
  summary: [{ principal: 'user', command: 'insert', access: 'conditional' }],
  cells,
});
const shown = (cells: readonly AccessCell[]) =>
  report({ projects: [project({ access: { objects: [notes(cells)], changes: [], signUps: [] } })] });

describe('what "some" means', () => {
  const member = 'a row in public.members';

  test('is said for what was allowed, once', () => {
    const text = matrixText(shown([cell({ when: member }), cell({ when: member, subject: 'own' })]));
    expect(text.split('\n').slice(-2)).toEqual(['  user  some', `  user insert: ${member}`]);
  });

  test('is said where a constraint stopped the row behind the policies', () => {
    const stopped = shown([cell({ when: member, outcome: 'constraint' })]);
    const line = `user insert: ${member} (policies let it pass, a constraint stopped this row)`;
    expect(matrixText(stopped)).toContain(`  ${line}`);
    expect(matrixMarkdown(stopped)).toContain(`\n${line}`);
  });

  test('is not said twice where another row went through', () => {
    const both = [cell({ when: member, outcome: 'constraint' }), cell({ when: member })];
    expect(matrixText(shown(both))).not.toContain('constraint');
  });
});

describe("somebody's own rows beside those of others", () => {
  const own = cell({ command: 'select', subject: 'own' });
  const shared = (principal: AccessCell['principal'], command: AccessCell['command'] = 'select') =>
    cell({ principal, command, subject: 'foreign', when: "rows where token = 'probe a0 token'" });
  const text = (cells: readonly AccessCell[]) =>
    matrixText(
      report({
        projects: [
          project({
            access: {
              objects: [{ ...notes(cells), summary: summarize(cells) }],
              changes: [],
              signUps: [],
            },
          }),
        ],
      }),
    );

  test('are both said', () => {
    expect(text([own, shared('user')])).toMatch(/^ {2}user {2}own \+ some$/m);
    expect(text([shared('user')])).toMatch(/^ {2}user {2}some$/m);
    expect(text([own])).toMatch(/^ {2}user {2}own$/m);
  });

  test('open by one condition for all whom it lets in, in one line, without the value that was made up', () => {
    const lines = text([own, shared('anon'), shared('user'), shared('user', 'update')])
      .split('\n')
      .slice(-2);
    expect(lines).toEqual([
      '  anon select: rows where token holds a value',
      '  user select, update: rows where token holds a value',
    ]);
    expect(text([shared('anon'), shared('user')])).toContain(
      '\n  anon, user select: rows where token holds a value',
    );
  });
});

describe('a bucket', () => {
  const bucket = (cells: readonly AccessCell[]) =>
    matrixText(
      report({
        projects: [
          project({
            access: {
              objects: [{ ...notes(cells), object: 'avatars', kind: 'bucket' }],
              changes: [],
              signUps: [],
            },
          }),
        ],
      }),
    );
  const select = (fields: Partial<AccessCell>) => cell({ command: 'select', subject: 'foreign', ...fields });

  test('says who lists the names of its files', () => {
    const text = bucket([select({ principal: 'anon' }), select({ subject: 'own' })]);
    expect(text.split('\n').slice(-2)).toEqual([
      '  anon lists the names of all files',
      '  user lists the names of files of its own',
    ]);
  });

  test('that is read by address alone is listed by nobody', () => {
    expect(bucket([select({ principal: 'anon', when: 'the path is known' })])).not.toContain('lists');
  });
});

describe('a function', () => {
  const execute = (fields: Partial<AccessCell>) =>
    cell({ command: 'execute', subject: 'foreign', ...fields });

  test('that runs and reaches nothing is told from one that may not be executed', () => {
    const text = matrixText(
      report({
        projects: [
          project({
            access: {
              objects: [
                {
                  ...notes([
                    execute({ principal: 'anon', outcome: 'no-permission' }),
                    execute({ outcome: 'filtered' }),
                  ]),
                  object: 'public.is_mine(uuid)',
                  kind: 'function',
                  summary: [
                    { principal: 'anon', command: 'execute', access: 'none' },
                    { principal: 'user', command: 'execute', access: 'none' },
                  ],
                },
              ],
              changes: [],
              signUps: [],
            },
          }),
        ],
      }),
    );
    expect(text.split('\n').slice(-3)).toEqual([
      '  anon  -',
      '  user  runs',
      '  runs: it gave out, made and changed no row of another',
    ]);
  });
});
