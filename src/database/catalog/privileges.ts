/** Access control lists as Postgres prints them (`anon=arw/postgres`), and the GRANT and REVOKE that change one into another. */

/** Manual, 5.8 Privileges, table 5.1. */
const words: Readonly<Record<string, string>> = {
  r: 'SELECT',
  a: 'INSERT',
  w: 'UPDATE',
  d: 'DELETE',
  D: 'TRUNCATE',
  x: 'REFERENCES',
  t: 'TRIGGER',
  m: 'MAINTAIN',
  U: 'USAGE',
  X: 'EXECUTE',
  C: 'CREATE',
  c: 'CONNECT',
  T: 'TEMPORARY',
};

export interface AclEntry {
  /** As SQL writes it: `anon`, `"my role"`, `PUBLIC`. */
  readonly grantee: string;
  /** Letters, each followed by `*` where it can be granted on. */
  readonly privileges: string;
  readonly grantor: string;
}

export function parseAcl(items: readonly string[] | null): AclEntry[] {
  return (items ?? []).flatMap((item) => {
    const parts = /^("(?:[^"]|"")*"|[^=]*)=([^/]*)\/(.*)$/s.exec(item);
    if (parts === null) return [];
    return [{ grantee: parts[1] || 'PUBLIC', privileges: parts[2]!, grantor: parts[3]! }];
  });
}

const letters = (privileges: string) => privileges.match(/[a-zA-Z]\*?/g) ?? [];

/** `SELECT, INSERT`; what can be granted on is marked. */
export function privilegeWords(privileges: string): string {
  return letters(privileges)
    .map((letter) => words[letter[0]!]! + (letter.length > 1 ? ' WITH GRANT OPTION' : ''))
    .join(', ');
}

/**
 * From one set of letters to another, for one grantee. `on` is what stands behind ON (`TABLE public.t`, `TABLES`),
 * `columns` the list of a column grant, `prefix` what stands before GRANT and REVOKE.
 */
export function changePrivileges(
  from: string,
  to: string,
  target: {
    readonly on: string;
    readonly grantee: string;
    readonly column?: string | null;
    readonly prefix?: string;
  },
): string[] {
  const before = new Map(letters(from).map((letter) => [letter[0]!, letter.length > 1]));
  const after = new Map(letters(to).map((letter) => [letter[0]!, letter.length > 1]));
  const list = (keys: readonly string[]) =>
    keys.map((key) => words[key]! + (target.column ? ` (${target.column})` : '')).join(', ');
  const prefix = target.prefix ?? '';
  const gone = [...before.keys()].filter((key) => !after.has(key));
  const lessened = [...before.keys()].filter((key) => before.get(key) && after.get(key) === false);
  const plain = [...after.keys()].filter((key) => !after.get(key) && !before.has(key));
  const optional = [...after.keys()].filter((key) => after.get(key) && !before.get(key));
  const statements: string[] = [];
  if (gone.length > 0) {
    const all = after.size === 0 && !target.column && before.size > 2;
    statements.push(`${prefix}REVOKE ${all ? 'ALL' : list(gone)} ON ${target.on} FROM ${target.grantee}`);
  }
  if (lessened.length > 0) {
    statements.push(
      `${prefix}REVOKE GRANT OPTION FOR ${list(lessened)} ON ${target.on} FROM ${target.grantee}`,
    );
  }
  if (plain.length > 0) statements.push(`${prefix}GRANT ${list(plain)} ON ${target.on} TO ${target.grantee}`);
  if (optional.length > 0) {
    statements.push(
      `${prefix}GRANT ${list(optional)} ON ${target.on} TO ${target.grantee} WITH GRANT OPTION`,
    );
  }
  return statements;
}
