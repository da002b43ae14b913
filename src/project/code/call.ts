/** A call as the text of one file shows it, and what all languages share in reading one. */
import type { ClientCall } from '../../model/client.ts';

export interface Call
  extends Pick<
    ClientCall,
    | 'line'
    | 'method'
    | 'columns'
    | 'given'
    | 'own'
    | 'orNobody'
    | 'texts'
    | 'compared'
    | 'asksRole'
    | 'conflict'
    | 'embeds'
    | 'single'
  > {
  /** What stands before `.from`: a name, or names with dots. */
  readonly client: string;
  readonly name: string;
  readonly schema: string | null;
  readonly commands: readonly ClientCall['command'][];
}

export const commandsOf: Readonly<Record<string, readonly ClientCall['command'][]>> = {
  select: ['select'],
  insert: ['insert'],
  upsert: ['insert', 'update'],
  update: ['update'],
  delete: ['delete'],
  rpc: ['execute'],
};

/** Of one file: no more are written by hand. */
export const mostCalls = 1_000;

/** Line of a place, from 1. Places must be asked for in order. */
export function lineCounter(text: string): (at: number) => number {
  let line = 1;
  let counted = 0;
  return (at) => {
    for (
      let next = text.indexOf('\n', counted);
      next !== -1 && next < at;
      next = text.indexOf('\n', counted)
    ) {
      line += 1;
      counted = next + 1;
    }
    return line;
  };
}

/** As far as its line shows. */
export function isComment(text: string, at: number): boolean {
  const line = text.slice(Math.max(text.lastIndexOf('\n', at - 1) + 1, at - 500), at);
  return /^[ \t]{0,80}(?:\/\/|\*|\/\*|<!--)/.test(line) || /(?:^|[ \t])\/\/[ \t]/.test(line);
}

/** Columns of the table itself in a list of PostgREST. */
export function columnsOfList(list: string): readonly string[] {
  // `author:users(name)` names columns of another table.
  let plain = list;
  for (let before = ''; before !== plain; ) {
    before = plain;
    plain = plain.replace(/[\w!:]{0,100}\s{0,20}\([^()]{0,1000}\)/g, '');
  }
  return plain.split(',').flatMap((item) => /^\s*(?:\w+\s{0,80}:\s{0,80})?(\w+)/.exec(item)?.[1] ?? []);
}

/** Whose key is not named: `users(…)`, `author:users(…)`, and not `users!author_id(…)` but for a join's kind. */
export const embedsOfList = (list: string): readonly string[] =>
  [...list.matchAll(/(?<![\w!])(\w{1,63})(?:!(?:inner|left))?\(/g)].map(([, name]) => name!);
