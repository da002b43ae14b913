/** DO blocks: their body where it stands in the file, and the statements that are written out in it. */
import type { SourceFile, Statement, SyntaxNode } from '../model/sql.ts';
import { parseStatements } from './parse.ts';
import { parsePlpgsql } from './plpgsql.ts';
import type { PlStatement, Stretch } from './plpgsql-tree.ts';

export interface DoBody {
  /** The file's text where the body is dollar-quoted; else the body alone. */
  readonly text: string;
  readonly inFile: boolean;
  readonly start: number;
  readonly end: number;
}

/** The body of a DO statement; null where it is in another language than PL/pgSQL. */
export function doBody(source: SourceFile, statement: Statement): DoBody | null {
  const arg = (name: string): SyntaxNode | undefined =>
    (statement.node.args ?? []).find((entry: SyntaxNode) => entry.DefElem?.defname === name)?.DefElem;
  const language: string = arg('language')?.arg?.String?.sval ?? 'plpgsql';
  const as = arg('as');
  const body: string | undefined = as?.arg?.String?.sval;
  if (body === undefined || language.toLowerCase() !== 'plpgsql') return null;
  const at = source.offsetOfByte(as?.location ?? 0);
  const tag = /^\$[^$\s]*\$/.exec(source.text.slice(at, at + 130))?.[0];
  if (tag === undefined) return { text: body, inFile: false, start: 0, end: body.length };
  const start = at + tag.length;
  // The parser counts a broken character (half of a surrogate pair) longer than the text has it.
  return { text: source.text, inFile: true, start, end: Math.min(start + body.length, source.text.length) };
}

/** A statement that a DO block may run. */
export interface InnerStatement {
  readonly statement: Statement;
  /** It runs: always; only if a condition holds; once for each turn of a loop; when something before it failed. */
  readonly when: 'always' | 'condition' | 'loop' | 'handler';
  /** True inside a block that goes on when the statement fails. */
  readonly caught: boolean;
}

/** The literal statements in a DO block, EXECUTE of a constant included, with positions and locations of the file. */
export function walkDo(source: SourceFile, statement: Statement): InnerStatement[] {
  const body = doBody(source, statement);
  if (body === null || !body.inFile) return [];
  const block = parsePlpgsql(body.text, body.start, body.end);
  const found: InnerStatement[] = [];
  const visit = (list: readonly PlStatement[], when: InnerStatement['when'], caught: boolean): void => {
    for (const inner of list) {
      switch (inner.kind) {
        case 'block':
          visit(inner.body, when, caught || inner.catches.length > 0);
          for (const handler of inner.handlers) visit(handler, 'handler', caught);
          break;
        case 'if':
          for (const branch of inner.branches)
            visit(branch.body, when === 'always' ? 'condition' : when, caught);
          visit(inner.otherwise, when === 'always' ? 'condition' : when, caught);
          break;
        case 'case':
          for (const branch of inner.branches) visit(branch, when === 'always' ? 'condition' : when, caught);
          break;
        case 'loop':
          visit(inner.body, 'loop', caught);
          break;
        case 'sql':
        case 'execute': {
          const at = inner.kind === 'sql' ? inner.at : literalIn(source.text, inner.expression);
          const statements = at === null ? null : statementsAt(source, at, statement.index);
          for (const each of statements ?? []) found.push({ statement: each, when, caught });
          break;
        }
        default:
          break;
      }
    }
  };
  if (block !== null) visit([block], 'always', false);
  return found;
}

/** The stretch inside a string constant that stands alone and needs no unescaping. */
export function literalIn(text: string, at: Stretch): Stretch | null {
  const written = text.slice(at.start, at.end);
  const open = /^\s*(\$[^$\s]*\$|')/.exec(written);
  if (open === null) return null;
  const start = at.start + open[0].length;
  const end = at.start + written.trimEnd().length - open[1]!.length;
  const inside = text.slice(start, end);
  if (end < start || !written.trimEnd().endsWith(open[1]!) || inside.includes(open[1]!)) return null;
  return { start, end };
}

/** Statements parsed from a stretch of a file, as if they stood in it by themselves. Null where they can't be parsed. */
export function statementsAt(source: SourceFile, at: Stretch, index: number): Statement[] | null {
  const text = source.text.slice(at.start, at.end);
  const parsed = parseStatements(text);
  if (parsed === null) return null;
  const shift = byteOffset(source, at.start);
  return parsed.map((statement) => {
    const start = at.start + statement.start;
    const end = at.start + statement.end;
    const from = source.position(start);
    const to = source.position(end);
    return {
      ...statement,
      index,
      node: shifted(statement.node, shift),
      start,
      end,
      span: { line: from.line, column: from.column, endLine: to.line, endColumn: to.column },
    };
  });
}

const bytesBefore = new WeakMap<SourceFile, [offset: number, bytes: number]>();

function byteOffset(source: SourceFile, offset: number): number {
  const [known, bytes] = bytesBefore.get(source) ?? [0, 0];
  const total =
    known <= offset
      ? bytes + Buffer.byteLength(source.text.slice(known, offset))
      : Buffer.byteLength(source.text.slice(0, offset));
  bytesBefore.set(source, [offset, total]);
  return total;
}

/** The tree with its locations moved; libpg_query leaves out a location of 0. */
function shifted(node: SyntaxNode, by: number): SyntaxNode {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (value === null || typeof value !== 'object') return value;
    const copy: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) {
      copy[key] = key === 'location' && typeof inner === 'number' && inner >= 0 ? inner + by : visit(inner);
    }
    return copy;
  };
  return visit(node) as SyntaxNode;
}
