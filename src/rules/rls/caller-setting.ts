import type { Facts } from '../../model/facts.ts';
import type { Routine, SchemaState, Table } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { rule } from '../rule.ts';
import { placesOf } from '../support/application/client-calls.ts';
import { callsOfRoutine } from '../support/application/routine-calls.ts';
import { routinesCalled } from '../support/callers/caller.ts';
import { apiRoles, apiRolesOf, enters, holds, isPlatform } from '../support/callers/roles.ts';
import { callsOf, predicatesOf } from '../support/conditions/predicates.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { codeOf } from '../support/syntax/bodies.ts';
import { remembered } from '../support/syntax/tree.ts';
import { listed, named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/caller-setting',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'policies that believe a setting which a function sets to whatever its caller says',
  why: 'A setting that a function makes for the session (set_config with false) holds for every later statement on that connection, and the Data API shares its connections: the next request, of whoever it is, comes with it. Where an API role may call the function, anybody chooses what the policies believe.',
  remedy:
    "Ask the token, or a table that the server writes.\n\n```sql\nusing (tenant_id = ((select auth.jwt()) -> 'app_metadata' ->> 'tenant_id')::uuid)\n```",
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/functions-admin.html#FUNCTIONS-ADMIN-SET',
    'https://supabase.com/docs/guides/database/postgres/row-level-security#authjwt',
  ],
  fixable: false,
  state({ state, facts, exposed, home, report }) {
    for (const routine of state.routines.values()) {
      if (isPlatform(routine.schema) || !exposed(routine.schema) || /trigger$/.test(routine.returns))
        continue;
      const roles = apiRoles.filter(
        (role) => holds(routine.grants, role, 'execute') && enters(role, routine.schema, state),
      );
      const [setting] = roles.length === 0 ? [] : believedSettings(routine, state);
      if (setting === undefined) continue;
      const asks = /\bauth\s*\.\s*(uid|jwt)\b|request\.jwt/i.test(codeOf(routine.body).withStrings);
      const tables = setting.tables.map(({ key }) => key);
      const others = tables.length > 3 ? [`${tables.length - 2} more tables`] : [];
      const shown = others.length > 0 ? tables.slice(0, 2) : tables;
      const trusting = `policies of ${listed([...shown.map((key) => `"${key}"`), ...others])} believe it`;
      report({
        message: asks
          ? `"${routine.key}" sets "${setting.name}" for the session, and ${trusting}. The Data API shares its connections: the next request on this one, of whoever it is, comes with that setting. Ask the token or a table in the policies.`
          : `"${routine.key}" sets "${setting.name}" for the session to what its caller says, ${named(roles)} may call it, and ${trusting}. So anybody chooses what they believe, and since the Data API shares its connections, the next request comes with it. Ask the token or a table in the policies, and take EXECUTE away.`,
        at: home(routine.origin),
        object: routine.key,
        evidence: evidenceOf(state),
        ...(asks ? { severity: 'warning' as const } : {}),
        help: sqlFence(
          [
            `-- in the policies, in place of current_setting('${setting.name}'): auth.uid(), auth.jwt() -> 'app_metadata', or a table that the server writes`,
            ...whenCalled(routine, facts),
            `revoke execute on function ${routine.key} from ${listed(['public', ...apiRoles]).replace(
              ' and ',
              ', ',
            )};`,
          ].join('\n'),
        ),
      });
    }
  },
});

function whenCalled(routine: Routine, facts: Facts): readonly string[] {
  const calls = callsOfRoutine(routine, facts);
  return calls.length === 0 ? [] : [`-- once the code calls it no more (${placesOf(calls)})`];
}

interface Believed {
  readonly name: string;
  readonly tables: readonly Table[];
}

/** `set_config('app.tenant', tenant::text, false)`: not for this transaction alone, and not a word of its own. */
const settings =
  /\bset_config\s*\(\s*(?:'([\w.]+)'|"?(\w+)"?)\s*,\s*((?:[^(),']|'[^']*'|\([^()]*\))+),\s*(?!true\b)\w+\s*\)/gi;

function believedSettings({ body, arguments: all }: Routine, state: SchemaState): readonly Believed[] {
  if (!/set_config/i.test(body)) return [];
  const inputs = all.flatMap(({ name, mode }) => (mode === 'in' && name !== null ? [name] : []));
  const given = (text: string) =>
    inputs.some((name) => new RegExp(`(?<![\\w$])${escapeRegExp(name)}(?![\\w$])`, 'i').test(text)) ||
    /\$\d/.test(text);
  const read = readByPolicies(state);
  return [...codeOf(body).withStrings.matchAll(settings)].flatMap(([, literal, argument, value]) => {
    if (!given(value!)) return [];
    if (literal !== undefined) {
      const tables = read.get(literal.toLowerCase());
      return tables === undefined ? [] : [{ name: literal, tables }];
    }
    // Any setting, by its name.
    return given(argument!) ? [...read].map(([name, tables]) => ({ name, tables })) : [];
  });
}

/** By the name of a setting of the project's own, the tables whose policies ask for it, by themselves or by a function. */
const readByPolicies = remembered((state: SchemaState): ReadonlyMap<string, readonly Table[]> => {
  const found = new Map<string, Table[]>();
  for (const table of state.tables.values()) {
    const texts = table.policies
      .filter((policy) => apiRolesOf(policy).length > 0)
      .flatMap((policy) => [
        ...predicatesOf(policy).map(({ expression }) => expression.text),
        ...callsOf(policy).flatMap((call) => routinesCalled(call, state).map(({ body }) => body)),
      ]);
    const names = texts.flatMap((text) =>
      [...codeOf(text).withStrings.matchAll(/\bcurrent_setting\s*\(\s*'([\w.]+)'/gi)].map(([, name]) =>
        name!.toLowerCase(),
      ),
    );
    for (const name of new Set(names)) {
      if (!name.includes('.') || name.startsWith('request.')) continue;
      const known = found.get(name);
      if (known === undefined) found.set(name, [table]);
      else known.push(table);
    }
  }
  return found;
});
