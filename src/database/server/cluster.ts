/**
 * What belongs to a whole server and not to one database: roles, their settings, memberships, parameter privileges.
 * Recorded before a run, brought back after it, by name and oid.
 */
import type pg from 'pg';

interface RoleRecord {
  readonly oid: string;
  readonly name: string;
  readonly attributes: string;
  readonly password: string | null;
}
interface SettingRecord {
  readonly role: string | null;
  readonly database: string | null;
  readonly setting: string;
}
interface MembershipRecord {
  readonly role: string;
  readonly member: string;
  readonly grantor: string;
  /** `admin true, inherit true, set true`; before Postgres 16 only the first. */
  readonly options: string;
}
interface ParameterGrant {
  readonly parameter: string;
  readonly grantee: string;
  readonly privilege: string;
  readonly grantable: boolean;
}

export interface ClusterState {
  readonly roles: readonly RoleRecord[];
  readonly settings: readonly SettingRecord[];
  readonly memberships: readonly MembershipRecord[];
  readonly parameters: readonly ParameterGrant[];
}

/** Databases of ours: dropped with everything that is set for them. */
export const DATABASE_PREFIX = 'migration_guard_';

export const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export async function recordCluster(client: pg.Client): Promise<ClusterState> {
  const json = async <T>(sql: string): Promise<readonly T[]> => {
    const { rows } = await client.query(`select coalesce(jsonb_agg(r), '[]') as all from (${sql}) r`);
    return JSON.parse(rows[0].all) as T[];
  };
  return {
    roles: await json(`
      select oid::text, rolname as name, rolpassword as password, concat_ws(' ',
        case when rolsuper then 'superuser' else 'nosuperuser' end,
        case when rolinherit then 'inherit' else 'noinherit' end,
        case when rolcreaterole then 'createrole' else 'nocreaterole' end,
        case when rolcreatedb then 'createdb' else 'nocreatedb' end,
        case when rolcanlogin then 'login' else 'nologin' end,
        case when rolreplication then 'replication' else 'noreplication' end,
        case when rolbypassrls then 'bypassrls' else 'nobypassrls' end,
        'connection limit ' || rolconnlimit,
        'valid until ' || quote_literal(coalesce(rolvaliduntil::text, 'infinity'))) as attributes
      from pg_authid where rolname !~ '^pg_' order by pg_authid.oid`),
    settings: await json(`
      select r.rolname as role, d.datname as database, unnest(s.setconfig) as setting
      from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase
      where d.datname is null or not starts_with(d.datname, ${literal(DATABASE_PREFIX)}) order by 1, 2, 3`),
    memberships: await json(`
      select r.rolname as role, m.rolname as member, g.rolname as grantor,
        concat_ws(', ', 'admin ' || a.admin_option, 'inherit ' || (to_jsonb(a) ->> 'inherit_option'), 'set ' || (to_jsonb(a) ->> 'set_option')) as options
      from pg_auth_members a join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.grantor
      where not (r.rolname ~ '^pg_' and m.rolname ~ '^pg_') order by 1, 2, 3`),
    parameters: await json(`
      select p.parname as parameter, case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as grantee,
        a.privilege_type as privilege, a.is_grantable as grantable
      from pg_parameter_acl p, aclexplode(p.paracl) a
      where a.grantee <> a.grantor order by 1, 2, 3`),
  };
}

/**
 * Brings the server back to `before`. Roles that are not in it (but for the one logged in) are dropped, or, while the databases that use them still
 * stand, put aside under another name. By a superuser whose own role is not to be renamed.
 */
export async function restoreCluster(
  client: pg.Client,
  before: ClusterState,
  strangers: 'drop' | 'put aside',
): Promise<void> {
  const now = await recordCluster(client);
  const { rows: self } = await client.query('select session_user as name');
  const known = new Set(before.roles.map((role) => role.oid));
  const foreign = now.roles.filter((role) => !known.has(role.oid) && role.name !== self[0].name);

  // Strangers first: they may stand on a name that is wanted back. Memberships go with a role.
  for (const { name, oid } of foreign) {
    if (strangers === 'put aside') {
      await client.query(`alter role ${ident(name)} rename to ${ident(`migration_guard_aside_${oid}`)}`);
    } else {
      await client.query(`drop owned by ${ident(name)}`);
    }
  }
  if (strangers === 'drop' && foreign.length > 0) {
    // All in one statement: a role that another of them granted through can't go before it.
    await client.query(`drop role ${foreign.map((role) => ident(role.name)).join(', ')}`);
  }

  const present = new Map(now.roles.map((role) => [role.oid, role]));
  for (const role of before.roles) {
    const found = present.get(role.oid);
    if (!found) await client.query(`create role ${ident(role.name)} ${role.attributes}`);
    else if (found.name !== role.name) {
      await client.query(`alter role ${ident(found.name)} rename to ${ident(role.name)}`);
    }
    if (found && found.attributes !== role.attributes) {
      await client.query(`alter role ${ident(role.name)} ${role.attributes}`);
    }
    // An MD5 password is lost by a rename, so what is there now is asked again.
    const { rows } = await client.query('select rolpassword from pg_authid where rolname = $1', [role.name]);
    if ((rows[0]?.rolpassword ?? null) !== role.password) {
      await client.query(
        `alter role ${ident(role.name)} password ${role.password === null ? 'null' : literal(role.password)}`,
      );
    }
  }

  const mended = await recordCluster(client);
  const key = (value: object): string => JSON.stringify(value);
  const missing = <T extends object>(wanted: readonly T[], there: readonly T[]): readonly T[] => {
    const keys = new Set(there.map(key));
    return wanted.filter((value) => !keys.has(key(value)));
  };

  for (const extra of missing(mended.settings, before.settings)) {
    await client.query(
      `${settingTarget(extra)} reset ${ident(extra.setting.slice(0, extra.setting.indexOf('=')))}`,
    );
  }
  for (const lost of missing(before.settings, mended.settings)) {
    const at = lost.setting.indexOf('=');
    const name = lost.setting.slice(0, at);
    await client.query(
      `${settingTarget(lost)} set ${ident(name)} to ${settingValue(name, lost.setting.slice(at + 1))}`,
    );
  }
  for (const extra of missing(mended.memberships, before.memberships)) {
    await client.query(`revoke ${ident(extra.role)} from ${ident(extra.member)}${grantedBy(extra)} cascade`);
  }
  for (const lost of missing(before.memberships, mended.memberships)) {
    const options = lost.options.includes(',')
      ? ` with ${lost.options}`
      : lost.options === 'admin true'
        ? ' with admin option'
        : '';
    await client.query(`grant ${ident(lost.role)} to ${ident(lost.member)}${options}${grantedBy(lost)}`);
  }
  for (const extra of missing(mended.parameters, before.parameters)) {
    await client.query(
      `revoke ${extra.privilege} on parameter ${parameterName(extra)} from ${extra.grantee}`,
    );
  }
  for (const lost of missing(before.parameters, mended.parameters)) {
    const option = lost.grantable ? ' with grant option' : '';
    await client.query(
      `grant ${lost.privilege} on parameter ${parameterName(lost)} to ${lost.grantee}${option}`,
    );
  }
}

const settingTarget = (setting: SettingRecord): string =>
  setting.role === null
    ? `alter database ${ident(setting.database ?? '')}`
    : `alter role ${ident(setting.role)}${setting.database === null ? '' : ` in database ${ident(setting.database)}`}`;

/** Lists of names are stored as they are written (GUC_LIST_QUOTE in guc_tables.c, as pg_dump treats them). */
const nameLists = new Set([
  'search_path',
  'session_preload_libraries',
  'local_preload_libraries',
  'temp_tablespaces',
]);
export const settingValue = (name: string, value: string): string =>
  nameLists.has(name.toLowerCase()) && value !== '' ? value.replace(/^""$/, "''") : literal(value);

const grantedBy = (membership: MembershipRecord): string =>
  membership.options.includes(',') ? ` granted by ${ident(membership.grantor)}` : '';

const parameterName = (grant: ParameterGrant): string => grant.parameter.split('.').map(ident).join('.');
