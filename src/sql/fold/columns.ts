/** Columns: what a column definition makes, with the sequence behind serial and identity. */
import type { Column, Expression, Sequence } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { keyOf, quoteIdent, serialType } from '../names.ts';
import { endOfElement } from '../tokens.ts';
import type { PlacedConstraint } from './constraints.ts';
import type { Draft } from './draft.ts';
import { chooseRelationName } from './generated-names.ts';
import { initialGrants } from './grants.ts';
import { elementPlace, expressionBehind, type Site, writtenExpression } from './site.ts';

export interface Relation {
  readonly key: string;
  readonly schema: string;
  readonly name: string;
}

export interface BuiltColumn {
  readonly column: Column;
  readonly constraints: readonly PlacedConstraint[];
}

/** A column and those of its constraints that belong to the table. */
export function buildColumn(draft: Draft, table: Relation, definition: SyntaxNode, site: Site): BuiltColumn {
  const own: readonly SyntaxNode[] = (definition.constraints ?? []).map(
    (entry: SyntaxNode) => entry.Constraint,
  );
  const find = (kind: string) => own.find((constraint) => constraint.contype === kind);
  const serial = serialType(definition.typeName);
  const identity = find('CONSTR_IDENTITY');
  const fallback = find('CONSTR_DEFAULT');
  const generated = find('CONSTR_GENERATED');
  const name: string = definition.colname;
  const options = identity?.options;
  const sequence =
    serial !== null || identity !== undefined ? createOwnedSequence(draft, table, name, site, options) : null;
  return {
    column: {
      name,
      type: serial ?? draft.typeName(definition.typeName),
      notNull:
        serial !== null ||
        identity !== undefined ||
        own.some(({ contype }) => contype === 'CONSTR_NOTNULL' || contype === 'CONSTR_PRIMARY'),
      default:
        serial !== null
          ? nextValue(sequence!)
          : fallback === undefined || isNull(fallback.raw_expr)
            ? null
            : writtenDefault(site, definition, fallback),
      identity: identity === undefined ? null : identity.generated_when === 'a' ? 'always' : 'by default',
      generated:
        generated === undefined
          ? null
          : expressionBehind(site, 'as', generated.raw_expr, site.offset(generated)),
      sequence: serial === null ? null : sequence,
      comment: null,
      origin: elementPlace(site, definition),
    },
    constraints: own.map((node) => ({ node, column: name })),
  };
}

/** DEFAULT NULL is no default: Postgres keeps none. */
export function isNull(node: SyntaxNode): boolean {
  return (node.TypeCast?.arg ?? node).A_Const?.isnull === true;
}

/** DEFAULT reaches to the next constraint of the column, or to the end of its definition. */
function writtenDefault(site: Site, definition: SyntaxNode, constraint: SyntaxNode): Expression {
  return writtenExpression(constraint.raw_expr, () => {
    const start = site.offset(constraint);
    const later = [
      definition.collClause,
      ...definition.constraints.map((entry: SyntaxNode) => entry.Constraint),
    ]
      .filter((node: SyntaxNode | undefined) => node?.location !== undefined)
      .map((node: SyntaxNode) => site.offset(node))
      .filter((offset: number) => offset > start);
    const end = Math.min(endOfElement(site.text, start, site.end), ...later);
    return site.text.slice(start, end).replace(/^default\b/i, '');
  });
}

/** The sequence of a serial or identity column, under Postgres' name for it. Gives its key. */
export function createOwnedSequence(
  draft: Draft,
  table: Relation,
  column: string,
  site: Site,
  options?: readonly SyntaxNode[],
): string {
  const named: readonly SyntaxNode[] | undefined = options?.find(
    (entry) => entry.DefElem?.defname === 'sequence_name',
  )?.DefElem.arg?.List?.items;
  const name =
    named?.at(-1)?.String?.sval ?? chooseRelationName(draft, table.schema, table.name, column, 'seq', false);
  const sequence: Sequence = {
    key: keyOf(table.schema, name),
    schema: table.schema,
    name,
    ownedBy: `${table.key}.${quoteIdent(column)}`,
    owner: draft.get('table', table.key)?.owner ?? draft.role,
    grants: initialGrants(draft, 'sequences', table.schema),
    origin: site.origin,
  };
  draft.create('sequence', sequence);
  return sequence.key;
}

/** `nextval('public.t_id_seq'::regclass)`, as Postgres writes a serial column's default. */
export function nextValue(sequence: string): Expression {
  return {
    text: `nextval('${sequence.replaceAll("'", "''")}'::regclass)`,
    node: {
      FuncCall: {
        funcname: [{ String: { sval: 'nextval' } }],
        args: [
          {
            TypeCast: {
              arg: { A_Const: { sval: { sval: sequence } } },
              typeName: { names: [{ String: { sval: 'regclass' } }], typemod: -1 },
            },
          },
        ],
      },
    },
  };
}

/** Sequences that go or move with a column. */
export function sequencesOf(draft: Draft, table: string, column: string): Sequence[] {
  const owner = `${table}.${quoteIdent(column)}`;
  return [...draft.all('sequence').values()].filter((sequence) => sequence.ownedBy === owner);
}
