import {
  annotations,
  messageLimit,
  workflowCommand,
  workflowCommands,
} from '../../src/report/annotations.ts';
import { finding, mistakes, project, report } from '../support/sample-report.ts';

const of = (findings: readonly ReturnType<typeof finding>[]) => report({ projects: [project({ findings })] });

test('errors come first, ten of a kind, and the last notice says what was left out', () => {
  const { shown, left } = annotations(
    of([
      ...Array.from({ length: 12 }, () => finding({ severity: 'info' })),
      ...Array.from({ length: 13 }, () => finding({ severity: 'warning' })),
      ...Array.from({ length: 14 }, () => finding({ severity: 'error' })),
    ]),
  );
  const levels = shown.map((annotation) => annotation.level);
  expect(levels.slice(0, 10).every((level) => level === 'error')).toBe(true);
  expect(levels.filter((level) => level === 'warning')).toHaveLength(10);
  expect(levels.filter((level) => level === 'notice')).toHaveLength(10);
  expect(left).toHaveLength(10);
  expect(shown.at(-1)?.message).toContain('4 errors, 3 warnings, 3 notes more');
});

test('where all are shown nothing is said about a rest', () => {
  const { shown, left } = annotations(mistakes);
  expect(left).toEqual([]);
  expect(shown).toHaveLength(7);
});

test('findings of the base and those mended later are not annotated', () => {
  expect(
    annotations(of([finding({ new: false }), finding({ mendedBy: 'supabase/migrations/2_x.sql' })])).shown,
  ).toEqual([]);
});

test('a command cannot be ended or begun by what stands in SQL', () => {
  const line = workflowCommands(
    of([
      finding({
        file: 'a,b:c%\n::error::x.sql',
        message: '100% broken\n::set-output name=verdict::pass\r\n::stop-commands::x',
      }),
    ]),
  );
  expect(line.trimEnd().split('\n')).toHaveLength(1);
  expect(line).toBe(
    '::error title=rls/disabled,file=a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax.sql,line=3,endLine=3,col=1,endColumn=20::100%25 broken%0A::set-output name=verdict::pass%0D%0A::stop-commands::x\n',
  );
});

test('a message longer than the runner passes on is cut with an ellipsis', () => {
  const line = workflowCommand({ ...annotations(of([finding({ message: 'x'.repeat(9000) })])).shown[0]! });
  expect(line.split('::').at(-1)).toHaveLength(messageLimit);
  expect(line.endsWith('…')).toBe(true);
});

test('columns are left out of an annotation over several lines', () => {
  expect(workflowCommands(of([finding({ line: 3, endLine: 5 })]))).toContain('line=3,endLine=5::');
});
