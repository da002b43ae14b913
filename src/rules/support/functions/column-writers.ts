/** Functions that go on writing a column which is dropped: each call that comes to the statement fails with 42703. */
import type { Routine, Table, Trigger } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import type { FileContext } from '../../rule.ts';
import { offsetOf } from '../statements/places.ts';
import { codeOf } from '../syntax/bodies.ts';

export interface Writers {
  /** A sentence with a space before it. */
  readonly told: string;
  /** Writes of another table fail, whatever they are. */
  readonly certain: boolean;
  /** What takes a trigger's function away before. */
  readonly drops: readonly string[];
}

/** Null where no function does. */
export function writersOf(table: string, columns: readonly string[], context: FileContext): Writers | null {
  const { set } = context;
  const owner = set.before.tables.get(table);
  if (owner === undefined || set.after.tables.get(table) === undefined) return null;
  const writers = [...set.after.routines.values()].filter((routine) =>
    columns.some((column) => writes(routine, owner, column)),
  );
  const [first] = writers;
  if (first === undefined) return null;
  const fired = firedBy(first, context);
  const [hit] = fired;
  const failing = fired.filter((each) => alwaysWrites(each, owner, columns, context));
  const it = columns.length === 1 ? 'it' : 'one of them';
  const [certain] = failing;
  const told =
    certain !== undefined
      ? `, as trigger "${certain.trigger.name}" of "${certain.table.key}": every ${eventsOf(failing)} there fails from then on (42703)`
      : hit !== undefined
        ? `, as trigger "${hit.trigger.name}" of "${hit.table.key}", and fails where it comes to that (42703)`
        : ', and fails where it comes to that (42703)';
  return {
    told: ` Function "${first.key}"${writers.length === 1 ? '' : ` (and ${writers.length - 1} more)`} still writes ${it}${told}.`,
    certain: certain !== undefined && context.facts.replay === null,
    drops:
      hit === undefined || writers.length > 1
        ? []
        : [
            '-- first what writes it, or make the function anew without that',
            ...fired.map(
              ({ trigger, table: on }) => `drop trigger ${quoteIdent(trigger.name)} on ${on.key};`,
            ),
            `drop function ${first.key};`,
          ],
  };
}

interface Fired {
  readonly routine: Routine;
  readonly table: Table;
  readonly trigger: Trigger;
}

const firedBy = (routine: Routine, { set }: FileContext): readonly Fired[] =>
  routine.returns !== 'trigger'
    ? []
    : [...set.after.tables.values()].flatMap((table) =>
        table.triggers
          .filter((each) => each.enabled && each.function === routine.key.slice(0, routine.key.indexOf('(')))
          .map((trigger) => ({ routine, table, trigger })),
      );

const eventsOf = (all: readonly Fired[]) =>
  [...new Set(all.flatMap(({ trigger }) => trigger.events))].map((event) => event.toUpperCase()).join(' or ');

/** `update t set …, c = …`, `insert into t (…, c, …)`. */
function writes({ body, language }: Routine, { schema, name }: Table, column: string): boolean {
  if (!/^(plpgsql|sql)$/.test(language) || !body.includes(column) || !body.includes(name)) return false;
  const { bare } = codeOf(body);
  const relation = `(?:only\\s+)?(?:"?${escapeRegExp(schema)}"?\\s*\\.\\s*)?"?${escapeRegExp(name)}"?(?![\\w.$])`;
  const word = `(?<![\\w.$])"?${escapeRegExp(column)}"?(?![\\w$])`;
  const updates = bare.matchAll(
    new RegExp(`\\bupdate\\s+${relation}(?:\\s+(?:as\\s+)?\\w+)?\\s+set\\b([^;]*)`, 'gi'),
  );
  const inserts = bare.matchAll(
    new RegExp(`\\binsert\\s+into\\s+${relation}(?:\\s+as\\s+\\w+)?\\s*\\(([^()]*)\\)`, 'gi'),
  );
  return (
    [...updates].some(([, list]) => new RegExp(`(?:^|,)\\s*${word}\\s*=`, 'i').test(upToWhere(list!))) ||
    [...inserts].some(([, list]) => new RegExp(word, 'i').test(list!))
  );
}

const upToWhere = (list: string) => list.split(/\b(?:where|returning)\b/i)[0]!;

/** What the body does first, for each event of the trigger, with no handler around it and no condition on the trigger. */
function alwaysWrites(
  { routine, table, trigger }: Fired,
  owner: Table,
  columns: readonly string[],
  { facts }: FileContext,
): boolean {
  const source = facts.sources.get(trigger.origin?.file ?? '');
  if (source === undefined || table.key === owner.key || trigger.level !== 'row') return false;
  const { line, column, endLine, endColumn } = trigger.origin!;
  if (
    /\bwhen\s*\(/i.test(
      source.text.slice(offsetOf(source, line, column), offsetOf(source, endLine, endColumn)),
    )
  )
    return false;
  const { withStrings } = codeOf(routine.body);
  if (routine.language !== 'plpgsql' || /\bexception\s+when\b/i.test(withStrings)) return false;
  const begin = /\bbegin\b([\s\S]*)$/i.exec(withStrings)?.[1] ?? '';
  const first = (text: string) => {
    const statement = /^\s*((?:update|insert)\b[^;]*);/i.exec(text)?.[1];
    return (
      statement !== undefined &&
      columns.some((name) => writes({ ...routine, body: `${statement};` }, owner, name))
    );
  };
  return (
    first(begin) ||
    (/^\s*if\s+\(?\s*tg_op\b/i.test(begin) &&
      trigger.events.every((event) =>
        [...begin.matchAll(/\b(?:els)?if\s+\(?\s*tg_op\s*=\s*'(\w+)'\s*\)?\s+then\b/gi)].some(
          (match) =>
            match[1]!.toLowerCase() === event &&
            first(begin.slice(match.index + match[0].length, match.index + 4000)),
        ),
      ))
  );
}
