/** Triggers on `auth.users` and the functions behind them. */
import type { Routine, SchemaState, Table, Trigger } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { codeOf } from '../syntax/bodies.ts';

export const signUpTriggers = (state: SchemaState): readonly Trigger[] =>
  state.tables.get('auth.users')?.triggers ?? [];

/** A routine by its name without arguments, with or without schema. */
export function routineNamed(name: string, state: SchemaState): Routine | null {
  for (const routine of state.routines.values()) {
    const qualified = routine.key.slice(0, routine.key.indexOf('('));
    if (qualified === name || routine.name === name) return routine;
  }
  return null;
}

/**
 * Functions of triggers on `auth.users` that call it, by themselves or through others. Whoever signs up is nobody yet:
 * auth.uid() is null there.
 */
export function calledAtSignUp({ key, name }: Routine, state: SchemaState): readonly string[] {
  const calls = (body: string, called: string) =>
    new RegExp(`(?<![\\w$])"?${escapeRegExp(called)}"?\\s*\\(`, 'i').test(codeOf(body).bare);
  const reaching = new Map([[key, name]]);
  let found = [...reaching.values()];
  for (let depth = 0; depth < 3 && found.length > 0; depth += 1) {
    const callers = [...state.routines.values()].filter(
      (other) => !reaching.has(other.key) && found.some((called) => calls(other.body, called)),
    );
    for (const caller of callers) reaching.set(caller.key, caller.name);
    found = callers.map((caller) => caller.name);
  }
  const functions = signUpTriggers(state).flatMap(
    (trigger) => routineNamed(trigger.function, state)?.key ?? [],
  );
  return [...new Set(functions)].filter((each) => each !== key && reaching.has(each));
}

/** The column that sign-up fills with the account's id: `insert into profiles (id, …) values (new.id, …)`. */
export function filledAtSignUp(table: Table, state: SchemaState): string | undefined {
  for (const trigger of signUpTriggers(state)) {
    const code = codeOf(routineNamed(trigger.function, state)?.body ?? '').bare;
    const inserts = code.matchAll(
      /\binsert\s+into\s+(?:"?(\w+)"?\s*\.\s*)?"?(\w+)"?\s*(?:as\s+\w+\s*)?\(([^()]*)\)\s*(?:values\s*\(|select\b)([^;]*)/gi,
    );
    for (const [, schema, name, columns, values] of inserts) {
      if (name!.toLowerCase() !== table.name || (schema ?? table.schema).toLowerCase() !== table.schema)
        continue;
      const at = itemsOf(values!).findIndex((value) => /^new\s*\.\s*"?id"?(::\w+)?$/i.test(value));
      const column = at < 0 ? undefined : columns!.split(',')[at]?.replace(/[\s"]/g, '');
      if (column !== undefined) return column;
    }
  }
  return undefined;
}

/** What stands between commas, those in parentheses apart. */
export function itemsOf(list: string): string[] {
  const items = [''];
  let depth = 0;
  for (const letter of list) {
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (depth < 0) break;
    if (letter === ',' && depth === 0) items.push('');
    else items[items.length - 1] += letter;
  }
  return items.map((item) => item.trim());
}
