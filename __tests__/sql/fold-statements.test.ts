import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { folds } from '../../src/sql/fold/statements.ts';

/** Every kind of node that libpg_query 17 has, by the union of its type definitions. */
function nodeKinds(): string[] {
  const types = createRequire(import.meta.url)
    .resolve('@pgsql/types')
    .replace(/index\.js$/, 'types.d.ts');
  const union = /export type Node = ([\s\S]*?)^};/m.exec(readFileSync(types, 'utf8'))![1]!;
  return [...union.matchAll(/^ {4}(\w+): /gm)].map((match) => match[1]!);
}

/** Statements that reach the fold by another way than its table. */
const elsewhere: Readonly<Record<string, string>> = {
  DoStmt: 'run by do-blocks.ts',
  RawStmt: 'the wrapping of each statement, taken off by the parser',
  ReturnStmt: 'the body of a function in SQL',
  SetOperationStmt: 'made by analysis out of a SelectStmt',
  PLAssignStmt: 'made by PL/pgSQL alone',
  ReplicaIdentityStmt: 'part of ALTER TABLE; a state does not show it',
};

/** Parts of statements that the fold reads by name. */
const read =
  `A_ArrayExpr A_Const A_Expr A_Indirection A_Star AccessPriv Alias AlterTableCmd BoolExpr Boolean BooleanTest
  CaseExpr CoalesceExpr CollateClause ColumnDef ColumnRef CommonTableExpr Constraint DefElem Float FuncCall
  FunctionParameter GroupingFunc IndexElem Integer IntoClause JoinExpr JsonArrayAgg JsonArrayConstructor
  JsonArrayQueryConstructor JsonFuncExpr JsonObjectAgg JsonObjectConstructor JsonParseExpr JsonScalarExpr
  JsonSerializeExpr List MergeSupportFunc MinMaxExpr NullTest ObjectWithArgs OnConflictClause PartitionBoundSpec
  PartitionCmd PartitionSpec PublicationObjSpec PublicationTable RangeFunction RangeSubselect RangeVar ResTarget RoleSpec
  RowExpr SQLValueFunction String SubLink TableLikeClause TypeCast TypeName WithClause XmlExpr XmlSerialize`.split(
    /\s+/,
  );

/** Parts of expressions and queries without a name of an object in them, or with names that the walk finds inside. */
const walked =
  `A_Indices BitString CTECycleClause CTESearchClause CaseWhen CurrentOfExpr GroupingSet InferClause
  JsonAggConstructor JsonArgument JsonBehavior JsonFormat JsonIsPredicate JsonKeyValue JsonOutput JsonReturning JsonTable
  JsonTableColumn JsonTablePathSpec JsonValueExpr LockingClause MergeWhenClause MultiAssignRef NamedArgExpr ParamRef
  RangeTableFunc RangeTableFuncCol RangeTableSample SetToDefault SortBy WindowDef`.split(/\s+/);

/** Details of statements that a state does not show. */
const details =
  `CreateOpClassItem PartitionElem PartitionRangeDatum SinglePartitionSpec StatsElem TriggerTransition
  VacuumRelation`.split(/\s+/);

/** What Postgres makes when it analyses, plans or runs a statement, and its parser never gives. */
const later = `Aggref AlternativeSubPlan ArrayCoerceExpr ArrayExpr CallContext CaseTestExpr CoerceToDomain
  CoerceToDomainValue CoerceViaIO CollateExpr ConvertRowtypeExpr DistinctExpr FieldSelect FieldStore FromExpr FuncExpr
  InferenceElem InlineCodeBlock IntList JsonConstructorExpr JsonExpr JsonTablePath JsonTablePathScan JsonTableSiblingJoin
  MergeAction NextValueExpr NullIfExpr OidList OnConflictExpr OpExpr Param ParseResult Query RTEPermissionInfo
  RangeTblEntry RangeTblFunction RangeTblRef RelabelType RowCompareExpr RowMarkClause ScalarArrayOpExpr ScanResult
  ScanToken SortGroupClause SubPlan SubscriptingRef TableFunc TableSampleClause TargetEntry Var WindowClause WindowFunc
  WindowFuncRunCondition WithCheckOption`.split(/\s+/);

test('every kind of node of the Postgres 17 parser is folded, walked through, or passed over for a reason', () => {
  const known = [...Object.keys(folds), ...Object.keys(elsewhere), ...read, ...walked, ...details, ...later];
  expect([...new Set(known)].sort()).toEqual([...nodeKinds()].sort());
  expect(known.length).toBe(new Set(known).size);
});

test('what a statement does not do to the state is said in words', () => {
  for (const [kind, fold] of Object.entries(folds)) {
    if (typeof fold !== 'function') expect([kind, fold.split(' ').length > 3]).toEqual([kind, true]);
  }
});
