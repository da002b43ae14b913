import type { AccessCell, ObjectAccess } from '../../src/model/access.ts';
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
