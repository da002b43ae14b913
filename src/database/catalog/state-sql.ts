/**
 * One query that gives everything a SchemaState shows as one JSON document. Names are given bare (the reader quotes
 * them), expressions and types as Postgres prints them under an empty search_path: every name with its schema.
 */

const privileges = (acl: string, owner: string) => `
  (select json_agg(distinct jsonb_build_array(coalesce(g.rolname, 'public'), lower(a.privilege_type), a.is_grantable))
     from aclexplode(${acl}) a left join pg_roles g on g.oid = a.grantee where a.grantee <> ${owner})`;

const columnNames = (relation: string, numbers: string) => `
  (select json_agg(named.attname order by listed.at) from unnest(${numbers}) with ordinality listed(number, at)
     left join pg_attribute named on named.attrelid = ${relation} and named.attnum = listed.number)`;

export const stateSql = `
with member as materialized (select classid, objid from pg_depend where deptype = 'e'),
space as materialized (
  select oid, nspname, nspowner, nspacl from pg_namespace
  where nspname <> 'information_schema' and nspname !~ '^pg_'
    and not exists (select from member m where m.classid = 'pg_namespace'::regclass and m.objid = pg_namespace.oid)),
class as materialized (
  select c.*, s.nspname, pg_get_userbyid(c.relowner) as owner
  from pg_class c join space s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
    and not exists (select from member m where m.classid = 'pg_class'::regclass and m.objid = c.oid)),
col as materialized (
  select a.attrelid, json_agg(json_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
      'expression', pg_get_expr(d.adbin, d.adrelid), 'identity', a.attidentity, 'generated', a.attgenerated,
      'comment', e.description, 'acl', ${privileges('a.attacl', 'c.relowner')}) order by a.attnum) as columns
  from class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  left join pg_description e on e.classoid = 'pg_class'::regclass and e.objoid = c.oid and e.objsubid = a.attnum
  where c.relkind <> 'S' group by a.attrelid),
con as materialized (
  select k.conrelid, json_agg(json_build_object(
      'name', k.conname, 'kind', k.contype, 'columns', ${columnNames('k.conrelid', 'k.conkey')},
      'schema', fs.nspname, 'table', f.relname, 'references', ${columnNames('k.confrelid', 'k.confkey')},
      'onDelete', k.confdeltype, 'onUpdate', k.confupdtype, 'validated', k.convalidated,
      'expression', pg_get_expr(k.conbin, k.conrelid)) order by k.oid) as constraints
  from class c join pg_constraint k on k.conrelid = c.oid and k.contype in ('p', 'u', 'x', 'f', 'c')
  left join pg_class f on f.oid = k.confrelid left join pg_namespace fs on fs.oid = f.relnamespace
  -- A key to a partitioned table has a twin for each partition there: the same key to whoever wrote it.
  where not exists (select from pg_constraint p where p.oid = k.conparentid and p.conrelid = k.conrelid)
  group by k.conrelid),
ind as materialized (
  select i.indrelid, json_agg(json_build_object(
      'name', x.relname, 'columns', ${columnNames('i.indrelid', 'i.indkey::int2[]')}, 'keys', i.indnkeyatts,
      'expressions', (select json_agg(pg_get_indexdef(x.oid, k.at::int, false) order by k.at)
        from unnest(i.indkey::int2[]) with ordinality k(number, at) where k.number = 0),
      'unique', i.indisunique, 'method', m.amname, 'predicate', pg_get_expr(i.indpred, i.indrelid),
      'valid', i.indisvalid, 'definition', pg_get_indexdef(x.oid),
      'constraint', exists (select from pg_constraint k where k.conindid = x.oid and k.contype in ('p', 'u', 'x')))
      order by x.oid) as indexes
  from class c join pg_index i on i.indrelid = c.oid join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
  group by i.indrelid),
pol as materialized (
  select p.polrelid, json_agg(json_build_object(
      'name', p.polname, 'command', p.polcmd, 'permissive', p.polpermissive,
      'roles', (select json_agg(coalesce(r.rolname, 'public') order by k.at)
        from unnest(p.polroles) with ordinality k(role, at) left join pg_roles r on r.oid = k.role),
      'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid),
      'comment', obj_description(p.oid, 'pg_policy')) order by p.oid) as policies
  from pg_policy p group by p.polrelid),
trig as materialized (
  select t.tgrelid, json_agg(json_build_object(
      'name', t.tgname, 'type', t.tgtype, 'schema', n.nspname, 'function', f.proname, 'enabled', t.tgenabled <> 'D')
      order by t.oid) as triggers
  from pg_trigger t join pg_proc f on f.oid = t.tgfoid join pg_namespace n on n.oid = f.pronamespace
  where not t.tgisinternal group by t.tgrelid)
select json_build_object(
'schemas', (select json_agg(json_build_object(
    'name', s.nspname, 'owner', pg_get_userbyid(s.nspowner), 'acl', ${privileges('s.nspacl', 's.nspowner')})
    order by s.oid) from space s),
'tables', (select json_agg(json_build_object(
    'schema', c.nspname, 'name', c.relname, 'kind', c.relkind, 'partition', c.relispartition, 'owner', c.owner,
    'rls', c.relrowsecurity, 'force', c.relforcerowsecurity, 'comment', obj_description(c.oid, 'pg_class'),
    'parent', (select json_build_array(n.nspname, p.relname) from pg_inherits h join pg_class p on p.oid = h.inhparent
      join pg_namespace n on n.oid = p.relnamespace where h.inhrelid = c.oid and h.inhseqno = 1),
    'acl', ${privileges('c.relacl', 'c.relowner')}, 'columns', col.columns, 'constraints', con.constraints,
    'indexes', ind.indexes, 'policies', pol.policies, 'triggers', trig.triggers) order by c.oid)
  from class c left join col on col.attrelid = c.oid left join con on con.conrelid = c.oid
  left join ind on ind.indrelid = c.oid left join pol on pol.polrelid = c.oid left join trig on trig.tgrelid = c.oid
  where c.relkind in ('r', 'p', 'f')),
'views', (select json_agg(json_build_object(
    'schema', c.nspname, 'name', c.relname, 'kind', c.relkind, 'owner', c.owner, 'options', c.reloptions,
    'comment', obj_description(c.oid, 'pg_class'), 'definition', pg_get_viewdef(c.oid),
    'acl', ${privileges('c.relacl', 'c.relowner')}, 'columns', col.columns, 'indexes', ind.indexes,
    'triggers', trig.triggers,
    'reads', (select json_agg(distinct jsonb_build_array(n.nspname, r.relname)) from pg_rewrite w
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
      join pg_class r on r.oid = d.refobjid and r.oid <> c.oid and r.relkind in ('r', 'p', 'f', 'v', 'm')
      join pg_namespace n on n.oid = r.relnamespace where w.ev_class = c.oid)) order by c.oid)
  from class c left join col on col.attrelid = c.oid left join ind on ind.indrelid = c.oid
  left join trig on trig.tgrelid = c.oid where c.relkind in ('v', 'm')),
'sequences', (select json_agg(json_build_object(
    'schema', c.nspname, 'name', c.relname, 'owner', c.owner, 'acl', ${privileges('c.relacl', 'c.relowner')},
    'ownedBy', (select json_build_array(n.nspname, t.relname, a.attname, d.deptype) from pg_depend d
      join pg_class t on t.oid = d.refobjid join pg_namespace n on n.oid = t.relnamespace
      join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
        and d.deptype in ('a', 'i') limit 1)) order by c.oid)
  from class c where c.relkind = 'S'),
'routines', (select json_agg(json_build_object(
    'schema', s.nspname, 'name', p.proname, 'kind', p.prokind, 'owner', pg_get_userbyid(p.proowner),
    'names', p.proargnames, 'modes', p.proargmodes, 'defaults', p.pronargdefaults, 'defaulttext', pg_get_expr(p.proargdefaults, 0),
    'types', (select json_agg(format_type(k.type, null) order by k.at)
      from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality k(type, at)),
    'returns', pg_get_function_result(p.oid), 'language', l.lanname,
    'body', case when p.prosqlbody is null then p.prosrc else pg_get_function_sqlbody(p.oid) end,
    'definer', p.prosecdef, 'config', p.proconfig, 'volatility', p.provolatile, 'strict', p.proisstrict,
    'comment', obj_description(p.oid, 'pg_proc'),
    'acl', ${privileges("coalesce(p.proacl, acldefault('f', p.proowner))", 'p.proowner')}) order by p.oid)
  from pg_proc p join space s on s.oid = p.pronamespace join pg_language l on l.oid = p.prolang
  where not exists (select from member m where m.classid = 'pg_proc'::regclass and m.objid = p.oid)),
'types', (select json_agg(json_build_object(
    'schema', s.nspname, 'name', t.typname, 'kind', t.typtype,
    'values', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
    order by t.oid)
  from pg_type t join space s on s.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
  where (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
    and not exists (select from member m where m.classid = 'pg_type'::regclass and m.objid = t.oid)
    and not exists (select from member m where m.classid = 'pg_class'::regclass and m.objid = t.typrelid)),
'extensions', (select json_agg(json_build_object('name', e.extname, 'schema', n.nspname) order by e.extname)
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace),
'publications', (select json_agg(json_build_object(
    'name', p.pubname, 'all', p.puballtables,
    'tables', (select json_agg(json_build_array(n.nspname, c.relname) order by n.nspname, c.relname)
      from pg_publication_rel r join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace
      where r.prpubid = p.oid),
    'schemas', (select json_agg(n.nspname order by n.nspname) from pg_publication_namespace r
      join pg_namespace n on n.oid = r.pnnspid where r.pnpubid = p.oid)) order by p.pubname)
  from pg_publication p),
'defaults', (select json_agg(json_build_array(pg_get_userbyid(d.defaclrole), n.nspname, d.defaclobjtype,
    coalesce(g.rolname, 'public'), lower(a.privilege_type)))
  from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace
  cross join lateral aclexplode(d.defaclacl) a left join pg_roles g on g.oid = a.grantee),
'buckets', to_regclass('storage.buckets') is not null
) as state`;

export const bucketsSql = 'select id, public from storage.buckets order by id';
