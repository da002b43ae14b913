/** Values that a column takes: worked back from its type, its checks and what policies compare it with. */
import { textFitting } from '../../database/rows/pattern.ts';
import type { DataType, SchemaState, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { parseExpression } from '../../sql/parse.ts';
import type { ProbeCatalog } from '../catalog.ts';

export type Value = string | null;

/** Whose row and which one: makes ids, unique texts and numbers that never meet. */
export interface Seed {
  /** A letter. */
  readonly owner: string;
  /** 0 for the row of the world; more for further rows and for values to change to. */
  readonly turn: number;
}

export interface ValueSource {
  /** Values for this column of this table, best first; at least one. */
  candidates(table: Table, column: string, seed: Seed): readonly Value[];
}

export function createValues(state: SchemaState, catalog: ProbeCatalog): ValueSource {
  const types = new Map<string, DataType>();
  for (const type of state.types.values()) {
    types.set(type.key, type);
    // format_type leaves out schemas on the search path.
    if (type.schema === 'public') types.set(type.name, type);
  }
  const hints = new Map<string, Value[]>();

  const candidates = (table: Table, columnName: string, seed: Seed): readonly Value[] => {
    const column = table.columns.find((candidate) => candidate.name === columnName);
    if (column === undefined) return [null];
    let type = column.type;
    const checks = table.checks.map(
      (check) => check.expression.node ?? parseExpression(check.expression.text),
    );
    for (let domain = catalog.domains.get(type); domain !== undefined; domain = catalog.domains.get(type)) {
      type = domain.base;
      for (const check of domain.checks) {
        const inside = /^CHECK \((.*)\)(?: NOT VALID)?$/s.exec(check)?.[1];
        if (inside !== undefined) checks.push(domainCheck(parseExpression(inside), columnName));
      }
    }
    const key = `${table.key}.${columnName}`;
    let hinted = hints.get(key);
    if (hinted === undefined) {
      hinted = checks.flatMap((check) => (check === null ? [] : hintsOf(check, columnName)));
      hints.set(key, hinted);
    }
    const values = byType(type, columnName, `${table.key}.${columnName}`, seed, types, candidates);
    // Later turns take later hints: a status to change to, another rating.
    const rotated = hinted.length > 0 ? rotate(hinted, seed.turn).filter((value) => holds(type, value)) : [];
    return [...new Set([...rotated, ...values])];
  };
  return { candidates };
}

const rotate = <T>(list: readonly T[], by: number): T[] =>
  list.map((_, index) => list[(index + by) % list.length]!);

/** In a domain's check the value is called VALUE. */
function domainCheck(node: SyntaxNode | null, column: string): SyntaxNode | null {
  if (node === null) return null;
  return JSON.parse(
    JSON.stringify(node).replaceAll(
      /\{"ColumnRef":\{"fields":\[\{"String":\{"sval":"value"\}\}\](?:,"location":\d+)?\}\}/g,
      JSON.stringify({ ColumnRef: { fields: [{ String: { sval: column } }] } }),
    ),
  );
}

/** Values a CHECK names for a column: members of its list, bounds, lengths, patterns. */
export const valuesNamedFor = (check: SyntaxNode | null, column: string): Value[] =>
  check === null ? [] : hintsOf(check, column);

function hintsOf(check: SyntaxNode, column: string): Value[] {
  const found: Value[] = [];
  const ranges: { low: number | null; high: number | null } = { low: null, high: null };
  const lengths: { low: number | null; high: number | null } = { low: null, high: null };
  const bound = (target: typeof ranges, operator: string, value: number, whole: boolean) => {
    const step = whole ? 1 : 0;
    if (operator === '>=') target.low = value;
    else if (operator === '>') target.low = value + (step || 1);
    else if (operator === '<=') target.high = value;
    else if (operator === '<') target.high = value - (step || 1);
    else if (operator === '=') target.low = target.high = value;
  };
  const isColumn = (node: SyntaxNode | undefined): boolean =>
    bare(node)?.ColumnRef?.fields?.at(-1)?.String?.sval === column;
  const isLength = (node: SyntaxNode | undefined): boolean => {
    const call = bare(node)?.FuncCall;
    if (!call) return false;
    const called = call.funcname.at(-1)?.String?.sval;
    const inside = bare(call.args?.[0]);
    return (
      ['char_length', 'length', 'character_length', 'octet_length'].includes(called) &&
      (isColumn(inside) || isColumn(inside?.FuncCall?.args?.[0]))
    );
  };
  const walk = (node: SyntaxNode | undefined): void => {
    if (node === undefined || node === null || typeof node !== 'object') return;
    const expression = node.A_Expr;
    if (expression) {
      const operator: string = expression.name?.at(-1)?.String?.sval ?? '';
      const items: SyntaxNode[] | undefined =
        expression.kind === 'AEXPR_IN'
          ? expression.rexpr?.List?.items
          : expression.kind === 'AEXPR_OP_ANY'
            ? elementsOf(expression.rexpr)
            : undefined;
      if (items && isColumn(expression.lexpr) && operator === '=') {
        for (const item of items) {
          const value = text(item);
          if (value !== undefined) found.push(value);
        }
        return;
      }
      if (expression.kind === 'AEXPR_BETWEEN') {
        const [low, high] = expression.rexpr?.List?.items ?? [];
        const target = isColumn(expression.lexpr) ? ranges : isLength(expression.lexpr) ? lengths : null;
        if (target) {
          target.low = Number(text(low));
          target.high = Number(text(high));
        }
        return;
      }
      const value = text(expression.rexpr);
      if (value !== undefined && isColumn(expression.lexpr)) {
        if (operator === '~' || operator === '~*') found.push(...fitting(value, operator === '~*'));
        else if (operator === '~~' || operator === '~~*')
          found.push(value.replaceAll('%', 'x').replaceAll('_', 'x'));
        else if (!Number.isNaN(Number(value)) && value !== '') bound(ranges, operator, Number(value), false);
        else if (operator === '=') found.push(value);
      } else if (value !== undefined && isLength(expression.lexpr)) {
        bound(lengths, operator, Number(value), true);
      }
    }
    for (const child of Object.values(node)) {
      if (Array.isArray(child)) for (const item of child) walk(item);
      else if (typeof child === 'object') walk(child);
    }
  };
  walk(check);
  if (ranges.low !== null) found.push(String(ranges.low));
  if (ranges.high !== null) found.push(String(ranges.high));
  if (ranges.low !== null && ranges.high !== null)
    found.push(String(Math.floor((ranges.low + ranges.high) / 2)));
  const length = lengths.low ?? (lengths.high !== null ? Math.min(lengths.high, 12) : null);
  if (length !== null && length > 0 && length <= 10_000) {
    found.push('x'.repeat(length), 'A'.repeat(length), '7'.repeat(length));
  }
  return found;
}

function bare(node: SyntaxNode | undefined): SyntaxNode | undefined {
  let at = node;
  while (at?.TypeCast || at?.CollateClause) at = at.TypeCast?.arg ?? at.CollateClause?.arg;
  if (at?.FuncCall && ['lower', 'upper', 'btrim'].includes(at.FuncCall.funcname.at(-1)?.String?.sval)) {
    return bare(at.FuncCall.args?.[0]);
  }
  return at;
}

function elementsOf(node: SyntaxNode | undefined): SyntaxNode[] | undefined {
  const at = bare(node);
  if (at?.A_ArrayExpr) return at.A_ArrayExpr.elements;
  const literal = at?.A_Const?.sval?.sval;
  if (typeof literal === 'string' && /^\{.*\}$/s.test(literal)) {
    return literal
      .slice(1, -1)
      .split(',')
      .map((element) => ({ A_Const: { sval: { sval: element.replace(/^"|"$/g, '') } } }));
  }
  return undefined;
}

function text(node: SyntaxNode | undefined): string | undefined {
  const value = bare(node)?.A_Const;
  if (value === undefined || value.isnull) return undefined;
  if (value.sval) return value.sval.sval ?? '';
  if (value.ival) return String(value.ival.ival ?? 0);
  if (value.fval) return value.fval.fval;
  if (value.boolval) return String(value.boolval.boolval ?? false);
  return undefined;
}

/** Texts that forms ask for: one of them usually fits a pattern. */
const common = [
  'someone@probe.example',
  'https://probe.example/a',
  '+12025550123',
  '12025550123',
  '#a1b2c3',
  '#A1B2C3',
  'probe-text',
  'probe_text',
  'probetext',
  'PROBE',
  'ABC',
  'AB',
  'EUR',
  'en',
  'en-US',
  'de_DE',
  '12',
  '1234',
  '123456',
  '12345678',
  '2026-01',
  '2026-01-15',
  '09:30',
  '192.0.2.7',
  'probe.example',
  '1.0.0',
  'v1.0.0',
  '0123456789abcdef0123456789abcdef',
  '0123456789abcdef0123456789abcdef01234567',
  '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  '0x0123456789abcdef0123456789abcdef01234567',
  'ABC-1234',
  'ABC123',
  'A1B2C3',
  'Probe Text',
  'a',
  'A',
  '/probe',
  'UTC',
  'Europe/Berlin',
];

/** The usual texts that fit, then some made for this pattern: whether those do Postgres says. */
function fitting(pattern: string, ignoreCase: boolean): string[] {
  const made = [0, 1, 2, 3].map((turn) => textFitting(pattern, turn)).filter((text) => text !== null);
  return [...new Set([...usual(pattern, ignoreCase), ...made])];
}

function usual(pattern: string, ignoreCase: boolean): string[] {
  try {
    // Postgres' and JavaScript's expressions agree on what people write in checks.
    const expression = new RegExp(
      pattern.replaceAll('[[:alnum:]', '[a-zA-Z0-9').replaceAll('[[:space:]]', '\\s'),
      ignoreCase ? 'i' : '',
    );
    return common.filter((value) => expression.test(value)).slice(0, 4);
  } catch {
    return [];
  }
}

const texts = new Set([
  'text',
  'character varying',
  'character',
  'name',
  'citext',
  'extensions.citext',
  'public.citext',
]);

function byType(
  type: string,
  column: string,
  place: string,
  seed: Seed,
  types: ReadonlyMap<string, DataType>,
  candidates: (table: Table, column: string, seed: Seed) => readonly Value[],
): readonly Value[] {
  if (type.endsWith('[]')) {
    const [first] = byType(type.slice(0, -2), column, place, seed, types, candidates);
    return first === null || first === undefined ? ['{}'] : [`{${arrayElement(first)}}`, '{}'];
  }
  const named = types.get(type);
  if (named?.kind === 'enum') return rotate(named.values, seed.turn);
  const plain = type.replace(/\(.*\)/, '').trim();
  const length = Number(/\((\d+)/.exec(type)?.[1] ?? Number.POSITIVE_INFINITY);
  const number = numberOf(seed);
  if (texts.has(plain)) return textValues(column, place, seed, length, plain);
  switch (plain) {
    case 'uuid':
      return [uuidOf(place, seed)];
    case 'smallint':
    case 'integer':
    case 'bigint':
      return [String(number), '1', '0', '10', '100', '50', '2026'];
    case 'numeric':
    case 'real':
    case 'double precision':
      return fittingNumbers(type, seed.turn * 2 + 3 + (seed.owner === 'B' ? 1 : 0));
    case 'money':
      return ['10'];
    case 'boolean':
      return seed.turn % 2 === 0 ? ['false', 'true'] : ['true', 'false'];
    case 'timestamp with time zone':
    case 'timestamp without time zone':
    case 'timestamp':
      return [`${dayOf(seed)} 08:00:00+00`, '2020-01-01 00:00:00+00'];
    case 'date':
      return [dayOf(seed), '2020-01-01', '1990-01-01'];
    case 'time without time zone':
    case 'time with time zone':
    case 'time':
      return [
        `0${8 + (seed.turn % 2)}:00:00+00`.slice(0, plain.startsWith('time with t') ? 11 : 8),
        '17:00:00',
      ];
    case 'interval':
      return [`${1 + seed.turn} hours`];
    case 'json':
    case 'jsonb':
      return [`{"probe": "${seed.owner}${seed.turn}"}`, '[]', '{}'];
    case 'bytea':
      return [`\\x${seed.owner.charCodeAt(0).toString(16)}0${seed.turn % 10}`];
    case 'inet':
    case 'cidr':
      return ['192.0.2.7'];
    case 'macaddr':
      return ['08:00:2b:01:02:03'];
    case 'bit':
    case 'bit varying':
      return ['1'.repeat(Number.isFinite(length) ? length : 1)];
    case 'tsvector':
    case 'tsquery':
      return ['probe'];
    case 'xml':
      return ['<probe/>'];
    case 'point':
      return ['(1,1)'];
    case 'line':
      return ['{1,1,1}'];
    case 'box':
    case 'lseg':
      return ['((1,1),(2,2))'];
    case 'path':
    case 'polygon':
      return ['((1,1),(2,2),(3,1))'];
    case 'circle':
      return ['<(1,1),1>'];
    case 'int4range':
    case 'int8range':
    case 'numrange':
      return [`[${number},${number + 1})`];
    case 'daterange':
      return [`[${dayOf(seed)},${dayOf({ ...seed, turn: seed.turn + 1 })})`];
    case 'tsrange':
    case 'tstzrange':
      return [`[${dayOf(seed)} 08:00,${dayOf(seed)} 09:00)`];
    case 'vector':
    case 'extensions.vector':
    case 'public.vector':
    case 'halfvec':
    case 'extensions.halfvec':
      return [
        `[${Array(Number.isFinite(length) ? length : 3)
          .fill('0.1')
          .join(',')}]`,
      ];
    case 'ltree':
    case 'extensions.ltree':
      return ['probe.a'];
    case 'hstore':
    case 'extensions.hstore':
      return ['a=>1'];
    case 'oid':
    case 'regclass':
      return ['1259'];
    case 'geometry':
    case 'geography':
    case 'extensions.geometry':
    case 'extensions.geography':
      return ['POINT(1 1)'];
  }
  if (named?.kind === 'composite') return ['(,,,,,,,,)', null];
  if (named?.kind === 'range') return ['empty'];
  return [null];
}

/** Numbers that precision and scale leave room for: `numeric(3,3)` holds what is less than one. */
function fittingNumbers(type: string, number: number): readonly Value[] {
  const { most, scale } = roomOf(type);
  const small = ((number * 10 ** -scale) % most).toFixed(Math.max(0, scale));
  const all = [String(number), ...(most <= number ? [small] : []), '0', '1', '0.5', '100'];
  return [...new Set(all)].filter((value) => holds(type, value));
}

/** False for a number that is too large for its `numeric(precision, scale)`. */
const holds = (type: string, value: Value): boolean =>
  value === null || !/^numeric\(/.test(type) || !(Math.abs(Number(value)) >= roomOf(type).most);

function roomOf(type: string): { readonly most: number; readonly scale: number } {
  const [, precision, scale = '0'] = /^numeric\((\d+)(?:,(-?\d+))?\)/.exec(type) ?? [];
  return precision === undefined
    ? { most: Number.POSITIVE_INFINITY, scale: 0 }
    : { most: 10 ** (Number(precision) - Number(scale)), scale: Number(scale) };
}

const arrayElement = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** Small enough for smallint, away from what sequences and seeds give out. */
const numberOf = (seed: Seed): number => 31_000 + (seed.owner.charCodeAt(0) - 64) * 20 + seed.turn;

const dayOf = (seed: Seed): string => `2031-0${1 + (seed.turn % 8)}-${10 + (seed.owner.charCodeAt(0) % 15)}`;

/** A uuid of version 4 from a name: the same in every run. */
export function uuidOf(place: string, seed: Seed): string {
  // FNV-1a, four times over: no security hangs on it.
  let hex = '';
  for (let part = 0; part < 4; part += 1) {
    let hash = 0x811c9dc5;
    for (const character of `${part}:${place}:${seed.turn}`) {
      hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
    }
    hex += hash.toString(16).padStart(8, '0');
  }
  const letter = seed.owner.toLowerCase().charAt(0);
  const first = /[a-f]/.test(letter) ? letter : 'f';
  return `${first.repeat(4)}${hex.slice(4, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function textValues(
  column: string,
  place: string,
  seed: Seed,
  length: number,
  type: string,
): readonly Value[] {
  const tag = `${seed.owner.toLowerCase()}${seed.turn}`;
  const values: string[] = [];
  const is = (pattern: RegExp) => pattern.test(column);
  if (is(/e_?mail/i)) values.push(`${tag}@${seed.owner.toLowerCase().repeat(3)}.example`);
  if (is(/phone|mobile|whatsapp/i)) values.push(`+1202555${String(numberOf(seed)).slice(-4)}`);
  if (is(/url|link|website|avatar|image/i)) values.push(`https://${tag}.probe.example/x`);
  if (is(/uuid|_id$|^id$/i)) values.push(uuidOf(place, seed));
  if (is(/currency/i)) values.push('EUR');
  if (is(/country|locale|lang/i)) values.push('de');
  if (is(/slug|handle|username|subdomain|domain|code/i)) values.push(`probe-${tag}`, `probe${tag}`);
  if (is(/time_?zone/i)) values.push('UTC');
  values.push(
    `probe ${tag} ${column}`,
    `probe${tag}`,
    tag,
    uuidOf(place, seed),
    '1',
    `https://${tag}.probe.example/x`,
    `${tag}@probe.example`,
  );
  const fits =
    type === 'character' && Number.isFinite(length)
      ? values.map((value) => value.padEnd(length, 'x'))
      : values;
  return fits.map((value) => (Number.isFinite(length) ? value.slice(0, length) : value));
}
