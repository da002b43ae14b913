/** The column that a WITH CHECK compares, filled by itself where the application leaves it out: else its own inserts are refused. */
import type { ClientCall } from '../../../model/client.ts';
import type { Routine, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { placesOf } from '../application/client-calls.ts';
import { filledAtSignUp } from '../callers/sign-up.ts';
import { isPersonTable, setByTrigger } from '../owners/owners.ts';
import { isMakerAlone } from '../owners/tenants.ts';
import { namesMaker } from '../owners/whose.ts';
import { codeOf } from '../syntax/bodies.ts';
import { remembered } from '../syntax/tree.ts';

/** Lines of SQL; empty where whoever inserts is seen to name it, or nobody is seen to insert. */
export function filledBy(
  owner: string,
  /** What the policy asks of it. */
  condition: string,
  table: Table,
  /** As a user. */
  calls: readonly ClientCall[],
  state: SchemaState,
): string {
  const column = table.columns.find(({ name }) => name === owner);
  if (column === undefined || column.default !== null || column.generated !== null) return '';
  if (setByTrigger(owner, table, state) || filledAtSignUp(table, state) === owner) return '';
  const inserts = calls.filter(({ command }) => command === 'insert');
  const without = inserts.filter(({ given }) => given !== null && !given.includes(owner));
  const routine = [...state.routines.values()].find((each) => insertsWithout(each, table, owner));
  const unread = column.notNull || !namesMaker(owner) ? [] : inserts.filter(({ given }) => given === null);
  const left = `leaves ${quoteIdent(owner)} out`;
  const [who] = [
    ...(without.length > 0 ? [`the code ${left} (${placesOf(without)})`] : []),
    ...(routine !== undefined ? [`${routine.key} ${left}`] : []),
    ...(unread.length > 0 ? [`where the code ${left} (${placesOf(unread)})`] : []),
  ];
  if (who === undefined) return '';
  if (isPersonTable(table.key, state) && !isMakerAlone(owner))
    return `-- ${who}: whoever makes the row of somebody else needs a policy of their own`;
  // Whom a row concerns, another one says.
  const isId =
    namesMaker(owner) && /^(uuid|text|character varying)/.test(column.type) && direct.test(condition);
  return isId
    ? `-- ${who}: so it fills itself\nalter table ${table.key} alter column ${quoteIdent(owner)} set default ${column.type === 'uuid' ? 'auth.uid()' : '(auth.uid())::text'};`
    : `-- ${who}: it has to send it, else this refuses its row`;
}

const direct = /^\(?\(select auth\.uid\(\)\)(::text)? = "?[\w$]+"?/;

/** With the rights of whoever calls it, so that the policies are asked. */
function insertsWithout(routine: Routine, { schema, name }: Table, column: string): boolean {
  if (routine.securityDefiner || !/^(sql|plpgsql)$/.test(routine.language)) return false;
  if (!routine.body.includes(name)) return false;
  const lists = insertsIn(routine).filter(
    ({ into }) => into === name.toLowerCase() || into === `${schema}.${name}`.toLowerCase(),
  );
  return lists.length > 0 && lists.every(({ columns }) => !columns.includes(column.toLowerCase()));
}

const insertsIn = remembered(({ body }: Routine) =>
  [
    ...codeOf(body)
      .bare.replaceAll('"', '')
      .toLowerCase()
      .matchAll(/\binsert\s+into\s+([\w$.]+)\s*(?:as\s+\w+\s*)?\(([^()]*)\)/g),
  ].map(([, into, list]) => ({ into: into!, columns: list!.split(',').map((each) => each.trim()) })),
);
