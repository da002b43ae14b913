/** Functions, procedures and aggregates. */
import type { FunctionArgument, Routine } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { lackingDefault } from '../function-parameters.ts';
import { functionKey, keyOf, qualified, quoteIdent, strings } from '../names.ts';
import { type Draft, temporarySchema } from './draft.ts';
import { initialGrants } from './grants.ts';
import type { Site } from './site.ts';

const modes: Readonly<Record<string, FunctionArgument['mode']>> = {
  FUNC_PARAM_OUT: 'out',
  FUNC_PARAM_INOUT: 'inout',
  FUNC_PARAM_VARIADIC: 'variadic',
  FUNC_PARAM_TABLE: 'table',
};

export function createRoutine(draft: Draft, node: SyntaxNode, site: Site): void {
  // Postgres refuses it, and there is no such function.
  if (lackingDefault(node.parameters) !== null) return;
  const args = parameters(draft, node.parameters);
  const { schema, name } = draft.newName(strings(node.funcname));
  // It ends with the session.
  if (schema === temporarySchema) return;
  const key = routineKey(schema, name, args);
  const options = optionsOf(node.options);
  const old = draft.get('routine', key);
  const routine: Routine = {
    kind: node.is_procedure ? 'procedure' : 'function',
    key,
    schema,
    name,
    arguments: args,
    defaultCalls: defaultCalls(node.parameters),
    returns: node.is_procedure ? '' : result(draft, node.returnType, args),
    language: (stringOf(options.get('language')) ?? 'sql').toLowerCase(),
    body: bodyOf(node, options.get('as'), site),
    securityDefiner: options.get('security')?.Boolean?.boolval === true,
    config: configured(draft, {}, node.options),
    volatility: (stringOf(options.get('volatility')) as Routine['volatility'] | null) ?? 'volatile',
    strict: options.get('strict')?.Boolean?.boolval === true,
    // Replacing keeps owner and grants (manual, CREATE FUNCTION).
    grants: old?.grants ?? initialGrants(draft, 'functions', schema),
    owner: old?.owner ?? draft.role,
    comment: old?.comment ?? null,
    origin: site.origin,
  };
  if (old === undefined) draft.create('routine', routine);
  else draft.put('routine', routine);
}

export function createAggregate(draft: Draft, node: SyntaxNode, site: Site): void {
  const { schema, name } = draft.newName(strings(node.defnames));
  // CREATE AGGREGATE name(*) has an empty list; the old style names its base type among the options.
  const base = definition(node, 'basetype')?.TypeName;
  const args = node.oldstyle
    ? base === undefined || strings(base.names).at(-1) === 'any'
      ? []
      : [argument(draft, { argType: base })]
    : parameters(draft, node.args?.[0]?.List?.items);
  const key = routineKey(schema, name, args);
  const old = draft.get('routine', key);
  const final = strings(definition(node, 'finalfunc')?.TypeName?.names);
  const finalFunction = final.length > 0 ? findByName(draft, final)[0] : undefined;
  const state = definition(node, 'stype')?.TypeName;
  const routine: Routine = {
    kind: 'aggregate',
    key,
    schema,
    name,
    arguments: args,
    returns:
      (finalFunction && draft.get('routine', finalFunction)?.returns) ??
      (state === undefined ? '' : draft.typeName(state, false)),
    language: 'internal',
    body: 'aggregate_dummy',
    securityDefiner: false,
    config: {},
    volatility: 'immutable',
    strict: false,
    grants: old?.grants ?? initialGrants(draft, 'functions', schema),
    owner: old?.owner ?? draft.role,
    comment: old?.comment ?? null,
    origin: site.origin,
  };
  if (old === undefined) draft.create('routine', routine);
  else if (node.replace) draft.put('routine', routine);
}

const definition = (node: SyntaxNode, name: string): SyntaxNode | undefined =>
  (node.definition ?? []).find((entry: SyntaxNode) => entry.DefElem?.defname === name)?.DefElem.arg;

function parameters(draft: Draft, nodes: readonly SyntaxNode[] | undefined): FunctionArgument[] {
  return (nodes ?? []).map((node) => argument(draft, node.FunctionParameter));
}

function defaultCalls(parameters: readonly SyntaxNode[] | undefined): string[] {
  const names: string[] = [];
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    for (const [kind, inner] of Object.entries(node)) {
      if (kind === 'FuncCall') names.push(strings(inner.funcname).join('.'));
      visit(inner);
    }
  };
  for (const { FunctionParameter } of parameters ?? []) visit(FunctionParameter?.defexpr);
  return names;
}

function argument(draft: Draft, parameter: SyntaxNode): FunctionArgument {
  return {
    name: parameter.name ?? null,
    type: draft.typeName(parameter.argType, false),
    mode: modes[parameter.mode] ?? 'in',
    hasDefault: parameter.defexpr !== undefined,
  };
}

const isInput = ({ mode }: FunctionArgument) => mode === 'in' || mode === 'inout' || mode === 'variadic';

export function routineKey(schema: string, name: string, args: readonly FunctionArgument[]): string {
  return functionKey(
    schema,
    name,
    args.filter(isInput).map((arg) => arg.type),
  );
}

/** As `pg_get_function_result` prints it. */
function result(draft: Draft, returnType: SyntaxNode | undefined, args: readonly FunctionArgument[]): string {
  const columns = args.filter((arg) => arg.mode === 'table');
  if (columns.length > 0) {
    return `TABLE(${columns.map((c) => (c.name === null ? c.type : `${quoteIdent(c.name)} ${c.type}`)).join(', ')})`;
  }
  if (returnType !== undefined)
    return `${returnType.setof ? 'SETOF ' : ''}${draft.typeName(returnType, false)}`;
  const out = args.filter((arg) => arg.mode === 'out' || arg.mode === 'inout');
  return out.length > 1 ? 'record' : (out[0]?.type ?? 'void');
}

function optionsOf(nodes: readonly SyntaxNode[] | undefined): Map<string, SyntaxNode> {
  return new Map(
    (nodes ?? []).map(({ DefElem: entry }) => [entry.defname as string, (entry.arg ?? {}) as SyntaxNode]),
  );
}

const stringOf = (node: SyntaxNode | undefined): string | null => node?.String?.sval ?? null;

function bodyOf(node: SyntaxNode, as: SyntaxNode | undefined, site: Site): string {
  if (node.sql_body !== undefined) return writtenSqlBody(site);
  return strings(as?.List?.items).at(-1) ?? '';
}

/** RETURN … or BEGIN ATOMIC … END, as written. */
function writtenSqlBody(site: Site): string {
  const text = site.text.slice(site.start, site.end);
  const found = /\b(begin\s+atomic|return\b(?!s))[\s\S]*$/i.exec(text);
  return found?.[0].trim() ?? '';
}

// GUCs of which the catalog keeps another spelling than the usual one.
const canonicalNames: Readonly<Record<string, string>> = {
  timezone: 'TimeZone',
  datestyle: 'DateStyle',
  intervalstyle: 'IntervalStyle',
};
// Lists whose elements Postgres stores quoted (GUC_LIST_QUOTE in guc_tables.c).
const quotedLists = new Set([
  'search_path',
  'local_preload_libraries',
  'session_preload_libraries',
  'temp_tablespaces',
]);

/** The SET and RESET clauses of a CREATE or ALTER FUNCTION laid over what was configured. */
function configured(
  draft: Draft,
  before: Readonly<Record<string, string>>,
  options: readonly SyntaxNode[] | undefined,
): Readonly<Record<string, string>> {
  let config = before;
  for (const { DefElem: option } of options ?? []) {
    const set: SyntaxNode | undefined = option.defname === 'set' ? option.arg?.VariableSetStmt : undefined;
    if (set === undefined) continue;
    if (set.kind === 'VAR_RESET_ALL') {
      config = {};
      continue;
    }
    const name = canonicalNames[String(set.name).toLowerCase()] ?? String(set.name);
    const { [name]: _, ...rest } = config;
    if (set.kind === 'VAR_SET_VALUE') config = { ...rest, [name]: settingValue(set) };
    else if (set.kind === 'VAR_SET_CURRENT' && name === 'search_path') {
      config = { ...rest, search_path: draft.searchPath.map(quoteIdent).join(', ') };
    } else config = rest;
  }
  return config;
}

/** The value of SET as the catalog keeps it. */
export function settingValue(set: SyntaxNode): string {
  const quote = quotedLists.has(set.name);
  return settingList(set)
    .map((value) => (quote ? quoteIdent(value) : value))
    .join(', ');
}

export function settingList(set: SyntaxNode): string[] {
  return (set.args ?? []).map((arg: SyntaxNode) => {
    const constant = arg.A_Const ?? arg.TypeCast?.arg?.A_Const;
    if (constant?.ival !== undefined) return String(constant.ival.ival ?? 0);
    if (constant?.fval !== undefined) return String(constant.fval.fval);
    if (constant?.boolval !== undefined) return constant.boolval.boolval ? 'true' : 'false';
    return constant?.sval?.sval ?? '';
  });
}

export function alterRoutine(draft: Draft, node: SyntaxNode): void {
  const options = optionsOf(node.actions);
  for (const key of findRoutines(draft, node.func)) {
    draft.update('routine', key, (routine) => ({
      ...routine,
      config: configured(draft, routine.config, node.actions),
      securityDefiner: options.has('security')
        ? options.get('security')?.Boolean?.boolval === true
        : routine.securityDefiner,
      strict: options.has('strict') ? options.get('strict')?.Boolean?.boolval === true : routine.strict,
      volatility: (stringOf(options.get('volatility')) as Routine['volatility'] | null) ?? routine.volatility,
    }));
  }
}

/** Keys of the routines that a name, with or without arguments, stands for; none where none is known. */
export function findRoutines(draft: Draft, named: SyntaxNode): string[] {
  const parts = strings(named.objname);
  if (named.args_unspecified) return findByName(draft, parts);
  const { schema, name } = qualified(parts);
  const types = (named.objargs ?? [])
    .filter((arg: SyntaxNode) => arg.TypeName !== undefined)
    .map((arg: SyntaxNode) => draft.typeName(arg.TypeName, false));
  for (const candidate of schema === null ? draft.searchPath : [schema]) {
    const key = functionKey(candidate, name, types);
    if (draft.has('routine', key)) return [key];
  }
  return [];
}

export function findByName(draft: Draft, parts: readonly string[]): string[] {
  const { schema, name } = qualified(parts);
  for (const candidate of schema === null ? draft.searchPath : [schema]) {
    const found = [...draft.lookups.routinesNamed(candidate, name)];
    if (found.length > 0) return found;
  }
  return [];
}

/** Key of a function without arguments, as triggers name theirs. */
export function functionName(draft: Draft, parts: readonly string[]): string {
  const found = draft.get('routine', findByName(draft, parts)[0] ?? '');
  if (found !== undefined) return keyOf(found.schema, found.name);
  const { schema, name } = qualified(parts);
  // moddatetime() and its like: an extension that is called after its one function.
  return keyOf(schema ?? draft.get('extension', name)?.schema ?? draft.creationSchema, name);
}
