import type { AccessCell, AccessMatrix, ObjectAccess } from '../../src/model/access.ts';
import { summarize } from '../../src/probes/cells.ts';
import { compareAccess } from '../../src/probes/matrix/compare.ts';
import { declarationOf, deviations } from '../../src/probes/matrix/declare.ts';
import { toPgTap } from '../../src/probes/matrix/pgtap.ts';

const cell = (text: string, more: Partial<AccessCell> = {}): AccessCell => {
  const [principal, command, subject, outcome] = text.split(' ');
  return {
    principal,
    command,
    subject,
    outcome,
    columns: [],
    representation: true,
    when: null,
    via: null,
    proof: [],
    reason: null,
    ...more,
  } as AccessCell;
};
const object = (name: string, cells: readonly AccessCell[]): ObjectAccess => ({
  object: name,
  kind: 'table',
  rls: true,
  summary: summarize(cells),
  cells,
  ownerColumns: ['user_id'],
});
const matrix = (...objects: ObjectAccess[]): AccessMatrix => ({
  objects,
  signUps: [],
  policyErrors: [],
  escalations: [],
  notChecked: [],
});

const own = [cell('user select own allowed'), cell('user select foreign filtered')];
const all = [cell('user select own allowed'), cell('user select foreign allowed')];
const published = [...own, cell('user select foreign allowed', { when: 'rows where is_public = true' })];

describe('summaries', () => {
  test.each([
    ['own', own],
    ['all', all],
    ['conditional', published],
    ['none', [cell('user select own filtered'), cell('user select foreign filtered')]],
    ['unknown', [cell('user select own unknown'), cell('user select foreign filtered')]],
    ['all', [cell('user select unowned allowed')]],
    ['conditional', [cell('user insert own check-failed'), cell('user insert unowned allowed')]],
  ] as const)('%s', (expected, cells) => {
    expect(summarize(cells).map((entry) => entry.access)).toEqual([expected]);
  });

  test('a constraint that stops a row behind the policies is no denial', () => {
    expect(summarize([cell('anon delete foreign constraint')])[0]?.access).toBe('all');
  });
});

describe('base against head', () => {
  const change = (before: readonly AccessCell[], after: readonly AccessCell[]) =>
    compareAccess(matrix(object('public.t', before)), matrix(object('public.t', after)));

  test('nothing changed is nothing to tell', () => {
    expect(change(own, own)).toEqual([]);
  });
  test('a policy for everybody widens', () => {
    expect(change(own, all)).toEqual([
      {
        object: 'public.t',
        principal: 'user',
        command: 'select',
        before: 'own',
        after: 'all',
        direction: 'widened',
      },
    ]);
  });
  test('rows on a condition widen too', () => {
    expect(change(own, published)[0]?.direction).toBe('widened');
  });
  test('what is closed is narrowed', () => {
    expect(change(all, own)[0]?.direction).toBe('narrowed');
  });
  test('own rows lost and published rows won is a shift', () => {
    const shifted = [
      cell('user select own filtered'),
      cell('user select foreign allowed', { when: 'rows where x = 1' }),
    ];
    expect(change(own, shifted)[0]?.direction).toBe('shifted');
  });
  test('what could not be established is unclear, never quiet', () => {
    expect(
      change(own, [cell('user select own unknown'), cell('user select foreign filtered')])[0]?.direction,
    ).toBe('unclear');
  });
  test('one more column that owners may set is wider', () => {
    const before = [
      cell('user update own allowed', { columns: ['title'] }),
      cell('user update own no-permission', { columns: ['role'] }),
    ];
    const after = [
      cell('user update own allowed', { columns: ['title'] }),
      cell('user update own allowed', { columns: ['role'] }),
    ];
    expect(change(before, after)[0]?.direction).toBe('widened');
  });
  test('what is called the same before and after says which way in is gone', () => {
    const token = cell('user select own allowed', {
      when: "a row in public.m, and a token whose claim o is the row's o",
    });
    const staff = cell('user select own allowed', { when: 'a row in public.staff' });
    expect(change([token, staff], [staff])).toMatchObject([
      { before: 'conditional', after: 'conditional', direction: 'narrowed', lost: [`with ${token.when}`] },
    ]);
    expect(change([staff], [token, staff])).toMatchObject([{ gained: [`with ${token.when}`] }]);
  });
  test('a condition that is one of two on the other side is weaker', () => {
    const both = [
      cell('user select own allowed', { when: 'a row in public.m, and a token whose claim o is x' }),
    ];
    const one = [cell('user select own allowed', { when: 'a row in public.m' })];
    expect(change(both, one)[0]?.direction).toBe('widened');
  });
  test('a renamed table is compared with itself', () => {
    const renamed = compareAccess(
      matrix(object('public.old', own)),
      matrix(object('public.new', all)),
      new Map([['public.old', 'public.new']]),
    );
    expect(renamed.map((entry) => [entry.object, entry.direction])).toEqual([['public.new', 'widened']]);
  });
  test('a table that is new or gone changes nobody’s access', () => {
    expect(compareAccess(matrix(object('public.a', own)), matrix(object('public.b', all)))).toEqual([]);
  });
});

describe('a declaration', () => {
  const seen = matrix(object('public.t', own));
  test('of today’s matrix holds today', () => {
    expect(declarationOf(seen)).toEqual({ 'public.t': { user: { select: 'own' } } });
    expect(deviations(declarationOf(seen), seen)).toEqual([]);
  });
  test('is checked both ways', () => {
    expect(deviations({ 'public.t': { user: { select: 'none' } } }, seen)[0]?.direction).toBe('more');
    expect(deviations({ 'public.t': { user: { select: 'all' } } }, seen)[0]?.direction).toBe('less');
  });
  test('about what was not probed is unproven', () => {
    expect(deviations({ 'public.gone': { anon: { select: 'none' } } }, seen)[0]).toMatchObject({
      seen: null,
      direction: 'unproven',
    });
  });
  test('of some rows takes any condition; of conditions that are named it takes those and no others', () => {
    const members = cell('user select foreign allowed', { when: 'a row in public.members' });
    const link = cell('user select foreign allowed', { when: "rows where token = 'probe a0 token'" });
    const of = (conditional: string[], ...cells: AccessCell[]) =>
      deviations({ 'public.t': { user: { select: { conditional } } } }, matrix(object('public.t', cells)));
    const both = matrix(object('public.t', [members, link]));
    expect(deviations({ 'public.t': { user: { select: 'conditional' } } }, both)).toEqual([]);
    expect(of(['rows where token holds a value', 'a row in public.members'], members, link)).toEqual([]);
    expect(of(['a row in public.members'], members, link)).toMatchObject([
      { direction: 'more', conditions: ['rows where token holds a value'], cell: link },
    ]);
    expect(of(['a row in public.members', 'a row in public.staff'], members)).toMatchObject([
      { direction: 'less', conditions: ['a row in public.staff'], seen: 'conditional' },
    ]);
  });
  describe('as pgTAP', () => {
    const members = cell('user select foreign allowed', {
      when: 'a row in public.members of the same public.t',
    });
    const of = (...cells: AccessCell[]) => toPgTap(matrix(object('public.t', cells)));

    test('a stranger reads nothing where people read their own, and members each other', () => {
      const text = of(cell('user select own allowed'), cell('user select foreign filtered'), members);
      expect(text).toContain(
        "select is_empty('select 1 from public.t', 'a stranger reads nothing of public.t');",
      );
      expect(text).toContain(
        "-- Left out: who gets in under a condition. It needs rows of the project's own.\n--   public.t: user select: a row in public.members of the same public.t\n",
      );
    });

    test('a name that needs quotes has them once', () => {
      const quoted = matrix(object('public."Note"', [cell('anon select foreign filtered')]));
      expect(toPgTap(quoted)).toContain(`select is_empty('select 1 from public."Note"',`);
    });

    test('what a flag or a state opens is told from the rows that stay closed', () => {
      const shown = (when: string) => cell('anon select foreign allowed', { when });
      const text = of(
        shown('rows where isPublic = true'),
        shown("rows where status = 'live' and gone is null"),
      );
      expect(text).toContain(
        `'select 1 from public.t where not ("isPublic" = true) and not (status = ''live'' and gone is null)', 'anon reads only the open rows of public.t'`,
      );
    });

    test.each([
      ['a value that was made up', "rows where token = 'probe a0 token'"],
      ['a number, which may stand for many', 'rows where price = 1'],
      ['a row that anybody may have laid', 'a row in public.shares for it'],
    ])('%s opens rows that nobody can list: it is left out, and said', (_, when) => {
      const text = of(cell('anon select foreign allowed', { when }));
      expect(text).not.toContain('is_empty');
      expect(text).toContain('--   public.t: anon select: ');
    });
  });
  test('as pgTAP plans as many tests as it holds', () => {
    const text = toPgTap(
      matrix(
        object('public.t', [cell('anon select foreign filtered'), cell('anon insert spoof no-permission')]),
      ),
    );
    expect(text).toContain('select plan(3);');
    expect(text.match(/^select (ok|is_empty|case)\b/gm)).toHaveLength(3);
  });
});
