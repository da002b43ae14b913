/**
 * What the probes would have seen, written short for the cases of `access/*`:
 *
 *   { "head": { "public.note": ["anon select foreign", "user update own check-failed columns=deleted_at"] },
 *     "base": { … }, "owners": ["user_id"], "rls": true,
 *     "changes": ["public.note anon select none all widened"],
 *     "declared": { "public.note": { "anon": { "select": "none" } } }, "deviations": ["public.note anon select none all more"],
 *     "signUps": { "head": ["email works public.profiles=1", "email-metadata fails 23502 null value … where=PL/pgSQL function …"], "base": […] },
 *     "errors": { "head": ["public.note user select 42P17 infinite recursion …", "… permission denied for function f for nothing"], "base": […] },
 *     "left": ["public.loop"], "escalations": { "head": ["public.members user membership rows of public.orgs"], "base": […] } }
 *
 * A change may end with ways in that are new or gone: `-with a row in public.members`, `+to others' rows`.
 * A sign-up may end with `needs=public.plans id free`, and ` unlaid` or ` where=…` behind that.
 * An escalation that ends with `by=…` names its statements, the last of which shows what it opens; one that ends with `in the open` reads what opens; with `until=role = 'admin'` before that, it is refused once another's row holds this; with `from nowhere`, no policy gives the row it begins with; with `as a member`, it stands in what it takes over; with `signed=…`, that function signs it into the token.
 *
 * A cell is `principal command subject [outcome]`, then any of columns=, when=, via=, state=, footing=, reached=, sql=, reason=, no-return. Objects are
 * tables unless their key begins with a kind: `view public.note_list`. What a function did with the row is `gave title`, `changed`,
 * `made` or `counted`; without it, it gave the id out.
 */
import type {
  AccessCell,
  AccessChange,
  AccessDeclaration,
  AccessDeviation,
  AccessFacts,
  AccessMatrix,
  Escalation,
  Footing,
  NeededRow,
  ObjectAccess,
  PolicyError,
  Reached,
  SignUpRun,
  Step,
} from '../../src/model/access.ts';

interface Sides<Entry> {
  readonly head?: Entry;
  readonly base?: Entry;
}

export interface ShortAccess extends Sides<Readonly<Record<string, readonly string[]>>> {
  readonly owners?: readonly string[];
  readonly rls?: boolean;
  readonly changes?: readonly string[];
  readonly declared?: AccessDeclaration;
  readonly deviations?: readonly string[];
  readonly signUps?: Sides<readonly string[]>;
  readonly errors?: Sides<readonly string[]>;
  readonly escalations?: Sides<readonly string[]>;
  /** Tables that the probes left out. */
  readonly left?: readonly string[];
}

export function accessOf(short: ShortAccess): AccessFacts {
  const matrix = (side: 'head' | 'base'): AccessMatrix => ({
    objects: Object.entries(short[side] ?? {}).map(([key, cells]) => objectOf(key, cells, short)),
    signUps: (short.signUps?.[side] ?? []).map(signUpOf),
    policyErrors: (short.errors?.[side] ?? []).map(errorOf),
    escalations: (short.escalations?.[side] ?? []).map(escalationOf),
    notChecked: (short.left ?? []).map((object) => ({
      what: `access to "${object}"`,
      why: 'the database was lost',
      file: null,
      line: null,
      access: { object, policy: null },
    })),
  });
  return {
    base: matrix('base'),
    head: matrix('head'),
    changes: (short.changes ?? []).map(changeOf),
    declared: short.declared ?? {},
    deviations: (short.deviations ?? []).map(deviationOf),
  };
}

function objectOf(key: string, cells: readonly string[], short: ShortAccess): ObjectAccess {
  const [, kind = 'table', object] = /^(?:(view|function|bucket|channel) )?(.*)$/s.exec(key)!;
  return {
    object: object!,
    kind: kind as ObjectAccess['kind'],
    rls: short.rls ?? true,
    summary: [],
    cells: cells.map((cell) => cellOf(cell, object!)),
    ownerColumns: short.owners ?? [],
  };
}

function cellOf(text: string, object: string): AccessCell {
  const options = new Map(
    [
      ...text.matchAll(
        / (columns|when|via|state|footing|reached|sql|reason)=(.+?)(?= (?:columns|when|via|state|footing|reached|sql|reason)=|$)/g,
      ),
    ].map((match) => [match[1], match[2]!]),
  );
  const [principal, command, subject, outcome] = text
    .replace(/ (columns|when|via|state|footing|reached|sql|reason)=.*$/, '')
    .split(' ');
  return {
    principal: principal as AccessCell['principal'],
    command: command as AccessCell['command'],
    subject: subject as AccessCell['subject'],
    outcome: (outcome === undefined || outcome === 'no-return'
      ? 'allowed'
      : outcome) as AccessCell['outcome'],
    columns: options.get('columns')?.split(',') ?? [],
    representation: !text.includes(' no-return'),
    when: options.get('when') ?? null,
    via: options.get('via') ?? null,
    proof: [{ as: principal!, sql: options.get('sql') ?? `${command} … ${object}`, result: '1 row' }],
    reason: options.get('reason') ?? null,
    ...(options.has('state') && { state: options.get('state')! }),
    ...(command === 'execute' &&
      (outcome ?? 'allowed') === 'allowed' && { reached: reachedOf(options.get('reached') ?? 'gave id') }),
    ...(options.has('footing') && { footing: footingOf(options.get('footing')!) }),
  };
}

function reachedOf(text: string): Reached {
  const [how, column] = text.split(' ');
  return how === 'gave' ? { how, column: column! } : { how: how as 'changed' | 'made' | 'counted' };
}

/** `nowhere public.agents`, `admin public.roles`: the rank that sign-up gives. */
function footingOf(text: string): Footing {
  const [given, table] = text.split(' ');
  return given === 'nowhere' ? { table: table!, given } : { table: table!, given: 'sign-up', rank: given! };
}

function changeOf(text: string): AccessChange {
  const [plain, ...ways] = text.split(/ (?=[+-]with |[+-]to )/);
  const [object, principal, command, before, after, direction] = plain!.split(' ');
  const of = (sign: string) => ways.filter((way) => way.startsWith(sign)).map((way) => way.slice(1));
  const access = (word: string | undefined) => (word === 'null' ? null : word) as AccessChange['before'];
  return {
    object: object!,
    principal: principal as AccessChange['principal'],
    command: command as AccessChange['command'],
    before: access(before),
    after: access(after),
    direction: direction as AccessChange['direction'],
    ...(of('+').length > 0 && { gained: of('+') }),
    ...(of('-').length > 0 && { lost: of('-') }),
  };
}

/** `+with a row in public.m` is a way in that is not declared, `-with …` a declared one that is closed. */
function deviationOf(text: string): AccessDeviation {
  const { object, principal, command, before, after, direction, gained, lost } = changeOf(text);
  const conditions = [...(gained ?? []), ...(lost ?? [])].map((way) => way.replace(/^with /, ''));
  return {
    object,
    principal,
    command,
    expected: before!,
    seen: after,
    direction: direction as unknown as AccessDeviation['direction'],
    ...(conditions.length > 0 && { conditions }),
    cell: null,
  };
}

function neededOf(text: string): NeededRow {
  const [row, where = null] = text.split(' where=') as [string, string?];
  const [table, column, value, laid] = row.split(' ');
  const message = `insert or update violates a foreign key to "${table}"`;
  return {
    table: table!,
    column: column!,
    value: value!,
    laid: laid !== 'unlaid',
    error: { sqlstate: '23503', message, where },
  };
}

function signUpOf(whole: string): SignUpRun {
  const [text, needed] = whole.split(' needs=') as [string, string?];
  const [variant, status, ...rest] = text.split(' ');
  const works = status === 'works';
  const [message, where = null] = rest.slice(1).join(' ').split(' where=');
  return {
    variant: variant as SignUpRun['variant'],
    status: works ? 'works' : 'fails',
    step: works ? null : 'the insert into auth.users',
    error: works ? null : { sqlstate: rest[0]!, message: message!, where },
    created: works
      ? Object.fromEntries(rest.map((pair) => [pair.split('=')[0]!, Number(pair.split('=')[1])]))
      : {},
    ...(needed !== undefined && { needs: [neededOf(needed)] }),
  };
}

function errorOf(text: string): PolicyError {
  const [object, principal, command, sqlstate, ...message] = text.split(' ');
  return {
    object: object!,
    principal: principal as PolicyError['principal'],
    command: command as PolicyError['command'],
    sqlstate: sqlstate!,
    message: message.join(' ').replace(/ for (nothing|something)$/, ''),
    opens: / for nothing$/.test(text) ? false : / for something$/.test(text) ? true : null,
    proof: { as: principal!, sql: `explain ${command} ${object}`, result: message.join(' ') },
  };
}

/** `update public.note set "a" = 'x' where …`, `insert into public.note ("a") values ('x')`: what it writes. */
function stepOf(sql: string, object: string): Step[] {
  const command = /^(insert|update|delete)\b/.exec(sql)?.[1] as Step['command'] | undefined;
  if (command === undefined || !sql.includes(object)) return [];
  const value = (text: string) => text.replace(/^'(.*)'$/, '$1');
  const [, columns = '', values = ''] = /\(([^)]*)\) values \(([^)]*)\)/.exec(sql) ?? [];
  const given = values.split(', ');
  const set = / set (.*?)(?: where |$)/.exec(sql)?.[1] ?? '';
  return [
    {
      command,
      values: Object.fromEntries([
        ...[...columns.matchAll(/"(\w+)"/g)].map(([, column], at) => [column, value(given[at]!)]),
        ...[...set.matchAll(/"(\w+)" = ('[^']*'|\w+)/g)].map(([, column, given]) => [column, value(given!)]),
      ]),
    },
  ];
}

function escalationOf(whole: string): Escalation {
  const [said, by] = whole.split(' by=') as [string, string?];
  const [unsigned, hook] = said.split(' signed=') as [string, string?];
  const [text, until] = unsigned.split(' until=') as [string, string?];
  const inTheOpen = text.endsWith(' in the open');
  const [object, principal, kind, ...opens] = text
    .replace(/ (in the open|from nowhere|as a member)$/, '')
    .split(' ');
  const statements = [
    ...(by?.split('; ') ?? [`insert into ${object}`]),
    ...(inTheOpen ? [`select from ${opens.join(' ')}`] : []),
  ];
  const reaches = /^\w+/.exec(statements.length > 1 ? statements.at(-1)! : '')?.[0] as Escalation['reaches'];
  return {
    object: object!,
    opens: opens.join(' '),
    principal: principal as Escalation['principal'],
    kind: kind as Escalation['kind'],
    steps: statements.slice(0, Math.max(1, statements.length - 1)).flatMap((sql) => stepOf(sql, object!)),
    ...(reaches !== undefined && { reaches }),
    proof: statements.map((sql) => ({ as: principal!, sql, result: '1 row' })),
    ...(inTheOpen && { inTheOpen }),
    ...(text.endsWith(' as a member') && { asMember: true as const }),
    ...(until !== undefined && { until }),
    ...(hook !== undefined && { hook }),
    ...(text.endsWith(' from nowhere') && { footing: { table: object!, given: 'nowhere' as const } }),
  };
}
