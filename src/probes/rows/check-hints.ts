/** Values a CHECK names for a column: members of its list, bounds, lengths, patterns. */
import { textFitting } from '../../database/rows/pattern.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import type { Value } from './type-values.ts';

interface Bounds {
  low: number | null;
  high: number | null;
}

interface Hints {
  readonly named: Value[];
  /** Of the value, and of its length. */
  readonly range: Bounds;
  readonly length: Bounds;
}

export function valuesNamedFor(check: SyntaxNode | null, column: string): Value[] {
  const hints: Hints = { named: [], range: { low: null, high: null }, length: { low: null, high: null } };
  const walk = (node: SyntaxNode | undefined): void => {
    if (node === undefined || node === null || typeof node !== 'object') return;
    if (node.A_Expr !== undefined && readComparison(node.A_Expr, column, hints)) return;
    for (const child of Object.values(node)) {
      if (Array.isArray(child)) for (const item of child) walk(item);
      else if (typeof child === 'object') walk(child);
    }
  };
  if (check !== null) walk(check);
  return [...hints.named, ...within(hints.range), ...ofLength(hints.length)];
}

/** True where nothing further inside is to be read. */
function readComparison(expression: SyntaxNode, column: string, hints: Hints): boolean {
  const operator: string = expression.name?.at(-1)?.String?.sval ?? '';
  const left = expression.lexpr;
  const items = listedIn(expression);
  if (items !== undefined && isColumn(left, column) && operator === '=') {
    hints.named.push(...items.flatMap((item) => text(item) ?? []));
    return true;
  }
  if (expression.kind === 'AEXPR_BETWEEN') {
    const [low, high] = expression.rexpr?.List?.items ?? [];
    const target = boundsOf(left, column, hints);
    if (target !== null) {
      target.low = Number(text(low));
      target.high = Number(text(high));
    }
    return true;
  }
  const value = text(expression.rexpr);
  if (value === undefined) return false;
  if (isColumn(left, column)) readValue(operator, value, hints);
  else if (isLength(left, column)) bind(hints.length, operator, Number(value));
  return false;
}

function readValue(operator: string, value: string, { named, range }: Hints): void {
  if (operator === '~' || operator === '~*') named.push(...fitting(value, operator === '~*'));
  else if (operator === '~~' || operator === '~~*')
    named.push(value.replaceAll('%', 'x').replaceAll('_', 'x'));
  else if (!Number.isNaN(Number(value)) && value !== '') bind(range, operator, Number(value));
  else if (operator === '=') named.push(value);
}

function bind(target: Bounds, operator: string, value: number): void {
  if (operator === '>=') target.low = value;
  else if (operator === '>') target.low = value + 1;
  else if (operator === '<=') target.high = value;
  else if (operator === '<') target.high = value - 1;
  else if (operator === '=') target.low = target.high = value;
}

function listedIn({ kind, rexpr }: SyntaxNode): readonly SyntaxNode[] | undefined {
  if (kind === 'AEXPR_IN') return rexpr?.List?.items;
  return kind === 'AEXPR_OP_ANY' ? elementsOf(rexpr) : undefined;
}

function boundsOf(node: SyntaxNode | undefined, column: string, { range, length }: Hints): Bounds | null {
  if (isColumn(node, column)) return range;
  return isLength(node, column) ? length : null;
}

const isColumn = (node: SyntaxNode | undefined, column: string): boolean =>
  bare(node)?.ColumnRef?.fields?.at(-1)?.String?.sval === column;

function isLength(node: SyntaxNode | undefined, column: string): boolean {
  const call = bare(node)?.FuncCall;
  if (!call) return false;
  const called = call.funcname.at(-1)?.String?.sval;
  const inside = bare(call.args?.[0]);
  return (
    ['char_length', 'length', 'character_length', 'octet_length'].includes(called) &&
    (isColumn(inside, column) || isColumn(inside?.FuncCall?.args?.[0], column))
  );
}

/** The bounds themselves, and what lies between. */
const within = ({ low, high }: Bounds): string[] => [
  ...(low === null ? [] : [String(low)]),
  ...(high === null ? [] : [String(high)]),
  ...(low === null || high === null ? [] : [String(Math.floor((low + high) / 2))]),
];

function ofLength({ low, high }: Bounds): string[] {
  const length = low ?? (high === null ? null : Math.min(high, 12));
  return length !== null && length > 0 && length <= 10_000
    ? ['x', 'A', '7'].map((letter) => letter.repeat(length))
    : [];
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
