import type { Fix } from '../../model/finding.ts';
import type { Statement } from '../../model/sql.ts';
import { keyOf, quoteIdent } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { linesOf } from '../support/statements/places.ts';
import { behindWords, isVerbatim, sql } from '../support/statements/statements.ts';

export default rule({
  id: 'structure/idempotent',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a file that is written to be run twice, and fails the second time',
  why: 'Where most statements say IF NOT EXISTS, the author meant the file to be safe to repeat. One CREATE POLICY or CREATE TRIGGER among them stops the second run. A file that does not try is left alone: the Supabase CLI runs it once.',
  remedy:
    'Drop first what has no IF NOT EXISTS.\n\n```sql\ndrop policy if exists "own rows" on public.t;\ncreate policy "own rows" on public.t for select to authenticated using (true);\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createpolicy.html'],
  fixable: true,
  file(context) {
    const guards = guardsIn(context.source.statements);
    if (guards === 0) return;
    // A house that guards tables and leaves policies bare does not mean to repeat those.
    const repeatsAll = dropsFirst(context.source.statements);
    const dropped = new Set<string>();
    const failures: { statement: Statement; failure: Failure }[] = [];
    for (const statement of context.source.statements) {
      if (!repeatsAll && /^Create(Policy|Trig)Stmt$/.test(statement.kind)) continue;
      for (const name of droppedBy(statement)) dropped.add(name);
      const failure = failureOf(statement, dropped, context);
      if (failure !== null) failures.push({ statement, failure });
    }
    const [first] = failures;
    if (first === undefined || failures.length > guards) return;
    const { statement, failure } = first;
    const edits = failures.flatMap(({ failure: { fix } }) => fix?.edits ?? []);
    context.report({
      message: `The file is written to be run twice, and this fails the second time: ${failure.why}. ${failure.todo}.${
        failures.length > 1 ? ` ${failures.length - 1} more of its statements fail too.` : ''
      }`,
      at: context.placeOf(statement),
      object: context.source.path,
      help: sql(...new Set(failures.map(({ failure: { help } }) => help))),
      ...(failures.every(({ failure: { fix } }) => fix !== null)
        ? { fix: { title: 'Make every statement repeatable', edits } }
        : {}),
    });
  },
  facts({ facts, report }) {
    for (const { path, index, line, error } of facts.replay?.reruns ?? []) {
      const source = facts.sources.get(path);
      if (source === undefined || guardsIn(source.statements) < 2) continue;
      // What the SQL alone shows was said by the hook above.
      if (
        /^(CreatePolicyStmt|CreateTrigStmt|CreateStmt|IndexStmt)$/.test(source.statements[index]?.kind ?? '')
      )
        continue;
      // Only what has a form that may be repeated: a column, a relation, a schema, a function exists already.
      if (!/^(42701|42P07|42P06|42723)$/.test(error.sqlstate)) continue;
      report({
        message: `The file is written to be run twice, and this failed the second time: ${error.message}. Guard it with IF [NOT] EXISTS, OR REPLACE or a DROP before it.`,
        at: linesOf(path, line),
        object: path,
        key: `rerun ${index}`,
        evidence: ['replay'],
      });
    }
  },
});

/**
 * How many statements are guarded: a file with more of them than of those that fail is meant to be repeated. CREATE OR
 * REPLACE FUNCTION, indexes alone, and one IF NOT EXISTS among many plain statements, are mere habit.
 */
function guardsIn(statements: readonly Statement[]): number {
  const indexes = statements.filter(({ kind, node }) => kind === 'IndexStmt' && node.if_not_exists === true);
  const others = statements.filter(({ kind, node }) => {
    if (kind === 'CreateStmt') return node.if_not_exists === true;
    return kind === 'DropStmt' && node.missing_ok === true && /POLICY|TRIGGER/.test(node.removeType);
  });
  return others.length === 0 ? 0 : others.length + indexes.length;
}

const dropsFirst = (statements: readonly Statement[]) =>
  statements.some(
    ({ kind, node }) =>
      kind === 'DropStmt' && node.missing_ok === true && /POLICY|TRIGGER/.test(node.removeType),
  );

function* droppedBy({ kind, node }: Statement): Iterable<string> {
  if (kind !== 'DropStmt') return;
  for (const object of node.objects ?? []) {
    const parts: string[] = (object.List?.items ?? []).map(
      (item: { String?: { sval: string } }) => item.String?.sval ?? '',
    );
    yield `${node.removeType} ${keyOf(parts.length > 2 ? parts.at(-3)! : 'public', parts.at(-2) ?? '')} ${parts.at(-1)}`;
  }
}

interface Failure {
  readonly why: string;
  readonly todo: string;
  readonly help: string;
  readonly fix: Fix | null;
}

function failureOf(statement: Statement, dropped: ReadonlySet<string>, context: FileContext): Failure | null {
  const { kind, node } = statement;
  const before = (line: string): Fix | null =>
    isVerbatim(context, statement)
      ? {
          title: 'Drop it first',
          edits: [
            context.edit(
              statement.start,
              statement.start,
              `${line}\n${' '.repeat(statement.span.column - 1)}`,
            ),
          ],
        }
      : null;
  const guarded = (...words: string[]): Fix | null => {
    const at = behindWords(context, statement, ...words);
    return at === null
      ? null
      : { title: 'Add IF NOT EXISTS', edits: [context.edit(at, at, ' if not exists')] };
  };
  switch (kind) {
    case 'CreatePolicyStmt': {
      const table = context.keyOf(node.table);
      if (dropped.has(`OBJECT_POLICY ${table} ${node.policy_name}`)) return null;
      const drop = `drop policy if exists ${quoteIdent(node.policy_name)} on ${table};`;
      return {
        why: `policy "${node.policy_name}" exists then`,
        todo: 'CREATE POLICY has no IF NOT EXISTS, so drop it first',
        help: drop,
        fix: before(drop),
      };
    }
    case 'CreateTrigStmt': {
      const table = context.keyOf(node.relation);
      if (node.replace === true || dropped.has(`OBJECT_TRIGGER ${table} ${node.trigname}`)) return null;
      const drop = `drop trigger if exists ${quoteIdent(node.trigname)} on ${table};`;
      return {
        why: `trigger "${node.trigname}" exists then`,
        todo: 'Drop it first, or write CREATE OR REPLACE TRIGGER',
        help: drop,
        fix: before(drop),
      };
    }
    case 'CreateStmt': {
      if (node.if_not_exists === true) return null;
      const table = context.keyOf(node.relation);
      return {
        why: `table "${table}" exists then`,
        todo: 'Write CREATE TABLE IF NOT EXISTS',
        help: `create table if not exists ${table} (…);`,
        fix: guarded('table'),
      };
    }
    case 'IndexStmt': {
      if (node.if_not_exists === true || node.idxname === undefined) return null;
      const table = context.keyOf(node.relation);
      return {
        why: `index "${node.idxname}" exists then`,
        todo: 'Write CREATE INDEX IF NOT EXISTS',
        help: `create index if not exists ${quoteIdent(node.idxname)} on ${table} (…);`,
        fix: node.concurrent === true ? null : guarded('index'),
      };
    }
    default:
      return null;
  }
}
