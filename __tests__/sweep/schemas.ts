/** The correct schemas of `fixtures/sweep`: each with the rows and statements by which people know what may be done. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'sweep');

/** One statement, tried by somebody. */
export interface Ask {
  readonly who: string;
  /** null: whoever looks at the database itself. */
  readonly role: 'anon' | 'authenticated' | 'service_role' | null;
  readonly claims: string;
  readonly sql: string;
  /** What is looked up as superuser behind it: `-- then select …`. */
  readonly afterwards: string | null;
}

export interface SweepSchema {
  readonly name: string;
  readonly sql: string;
  readonly rows: readonly string[];
  readonly asks: readonly Ask[];
}

export const readSchemas = (): SweepSchema[] =>
  readdirSync(folder)
    .toSorted()
    .map((name) => ({
      name,
      sql: readFileSync(join(folder, name, 'schema.sql'), 'utf8'),
      ...readOracle(readFileSync(join(folder, name, 'oracle.sql'), 'utf8')),
    }));

/** `-- rows`, then sections `-- as anon`, `-- as ann {claims}`; a statement ends with its line's semicolon. */
function readOracle(text: string): Pick<SweepSchema, 'rows' | 'asks'> {
  const rows: string[] = [];
  const asks: Ask[] = [];
  let who: Pick<Ask, 'who' | 'role' | 'claims'> | null = null;
  let pending = '';
  for (const line of text.split('\n')) {
    const then = /^-- then (.+)$/.exec(line)?.[1];
    if (then !== undefined) {
      asks.push({ ...asks.pop()!, afterwards: then });
    } else if (line.startsWith('-- as ')) {
      who = principalOf(line.slice('-- as '.length));
    } else if (!line.startsWith('--')) {
      pending += `${line}\n`;
      if (!line.endsWith(';')) continue;
      const sql = pending.trim();
      pending = '';
      if (who === null) rows.push(sql);
      else
        for (const each of rowByRow(sql, who.role, rows)) asks.push({ ...who, sql: each, afterwards: null });
    }
  }
  return { rows, asks: [...asks, ...besides(asks)] };
}

/**
 * The API changes rows by a filter, and one row that WITH CHECK refuses stops them all: an UPDATE without WHERE is one
 * for each row laid, by the first column of its INSERT. Whoever has no account needs no WHERE: it asks for SELECT too.
 */
function rowByRow(sql: string, role: Ask['role'], rows: readonly string[]): string[] {
  const [, table] = /^update (\S+) set [^;]*$/.exec(sql.replace(';', '')) ?? [];
  if (table === undefined || role === 'anon' || / where /.test(sql)) return [sql];
  const laid = rows.find((row) => row.startsWith(`insert into ${table} (`) && row.includes(' values'));
  if (laid === undefined) return [sql];
  const column = /\((\w+)/.exec(laid)![1];
  const values = new Set([...laid.matchAll(/\(('[^']*')/g)].map(([, value]) => value));
  return [...values].map((value) => sql.replace(/;$/, ` where ${column} = ${value};`));
}

/** What a mutant may put beside the schema, tried by whoever has no account and by the first who has. */
function besides(asks: readonly Ask[]): Ask[] {
  const who = ['anon', 'authenticated'].map((role) => asks.find((ask) => ask.role === role)!);
  const what = [
    '* from public.sweep_view',
    '* from public.sweep_function()',
    'public.sweep_delete() > 0 as gone',
  ];
  return who.flatMap((ask) => what.map((sql) => ({ ...ask, sql: `select ${sql};`, afterwards: null })));
}

function principalOf(text: string): Pick<Ask, 'who' | 'role' | 'claims'> {
  const [, who, claims] = /^(.*?)\s*(\{.*\})?$/.exec(text)!;
  const role =
    who === 'anon' || who === 'service_role' ? who : claims === undefined ? null : ('authenticated' as const);
  return { who: who!, role, claims: JSON.stringify({ role, ...JSON.parse(claims ?? '{}') }) };
}
