/**
 * The questions a snapshot asks, each answered as one JSON array. Run with an empty search_path, so that every name
 * comes qualified. System schemas are left out, and so are members of extensions: they come and go with theirs.
 */

const ours = (schema: string) =>
  `(${schema}.nspname !~ '^pg_' and ${schema}.nspname not in ('information_schema', 'supabase_migrations'))`;

const member = (catalog: string, oid: string) =>
  `exists (select from pg_depend m_ where m_.classid = '${catalog}'::regclass and m_.objid = ${oid} and m_.deptype = 'e')`;

const name = (schema: string, relation: string) => `format('%I.%I', ${schema}.nspname, ${relation}.relname)`;

/** Names of a relation's own options, `fillfactor=70`, sorted. */
const sorted = (array: string) =>
  `case when ${array} is not null then (select array_agg(o order by o) from unnest(${array}) o) end`;

export const queries = {
  server: `
    select current_setting('server_version_num')::int / 10000 as major,
      acldefault('r', 10)::text[] as "table", acldefault('s', 10)::text[] as "sequence",
      acldefault('f', 10)::text[] as "function", acldefault('T', 10)::text[] as "type", acldefault('n', 10)::text[] as "schema",
      acldefault('F', 10)::text[] as "wrapper", acldefault('S', 10)::text[] as "server",
      (select rolname from pg_roles where oid = 10) as bootstrap,
      pg_get_userbyid(d.datdba) as owner, coalesce(d.datacl, acldefault('d', d.datdba))::text[] as acl
    from pg_database d where d.datname = current_database()`,

  schemas: `
    select n.oid, quote_ident(n.nspname) as name, quote_ident(pg_get_userbyid(n.nspowner)) as owner,
      coalesce(n.nspacl, acldefault('n', n.nspowner))::text[] as acl, ${member('pg_namespace', 'n.oid')} as member
    from pg_namespace n where ${ours('n')}`,

  relations: `
    select c.oid, c.relkind as kind, quote_ident(n.nspname) as schema, ${name('n', 'c')} as name,
      quote_ident(pg_get_userbyid(c.relowner)) as owner,
      case when c.relkind in ('r','p','v','m','f') then coalesce(c.relacl, acldefault('r', c.relowner))::text[]
        when c.relkind = 'S' then coalesce(c.relacl, acldefault('s', c.relowner))::text[] end as acl,
      c.relrowsecurity as rls, c.relforcerowsecurity as force, c.relreplident as replica_identity,
      c.relpersistence as persistence, ${sorted('c.reloptions')} as options,
      ${sorted('t.reloptions')} as toast_options,
      case when c.relam <> 0 and a.amname not in ('heap') then quote_ident(a.amname) end as access_method,
      quote_ident(s.spcname) as tablespace,
      pg_get_expr(c.relpartbound, c.oid) as bound,
      case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_key,
      case when c.reloftype <> 0 then c.reloftype::regtype::text end as of_type,
      (select array_agg(${name('pn', 'p')} order by i.inhseqno) from pg_inherits i
        join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace where i.inhrelid = c.oid) as parents,
      case when c.relkind in ('v','m') then pg_get_viewdef(c.oid) end as view,
      c.relispopulated as populated,
      f.ftoptions as foreign_options, quote_ident(fs.srvname) as server,
      ${member('pg_class', 'c.oid')} as member
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join pg_class t on t.oid = c.reltoastrelid left join pg_am a on a.oid = c.relam
      left join pg_tablespace s on s.oid = c.reltablespace
      left join pg_foreign_table f on f.ftrelid = c.oid left join pg_foreign_server fs on fs.oid = f.ftserver
    where c.relkind in ('r','p','v','m','f','S','c') and ${ours('n')}`,

  columns: `
    select a.attrelid as relation, a.attnum as number, quote_ident(a.attname) as name,
      format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
      pg_get_expr(d.adbin, d.adrelid) as "default", d.oid as default_oid, a.attidentity as identity, a.attgenerated as generated,
      case when a.attcollation <> t.typcollation then
        (select format('%I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
          where co.oid = a.attcollation) end as collation,
      case when a.attstorage <> t.typstorage then a.attstorage end as storage,
      nullif(a.attcompression, '') as compression,
      nullif(coalesce(a.attstattarget, -1), -1) as statistics, ${sorted('a.attoptions')} as options, a.attfdwoptions as foreign_options,
      a.attislocal as local, a.attinhcount as inherited, a.attacl::text[] as acl
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      left join pg_type t on t.oid = a.atttypid
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r','p','v','m','f','c') and ${ours('n')}
    order by a.attrelid, a.attnum`,

  constraints: `
    select c.oid, c.contype as type, quote_ident(c.conname) as name, c.conrelid as relation, c.contypid as domain,
      c.conindid as index, pg_get_constraintdef(c.oid) as definition, c.conislocal as local, c.coninhcount as inherited,
      c.conparentid as parent, c.convalidated as validated,
      (select array_agg(quote_ident(a.attname) order by k.n) from unnest(c.conkey) with ordinality k(num, n)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.num) as columns,
      (select ${name('fn', 'f')} from pg_class f join pg_namespace fn on fn.oid = f.relnamespace where f.oid = c.confrelid) as "references"
    from pg_constraint c join pg_namespace n on n.oid = c.connamespace
    where ${ours('n')} and c.contype in ('c','f','p','u','x')`,

  indexes: `
    select i.indexrelid as oid, i.indrelid as relation, ${name('n', 'c')} as name, quote_ident(c.relname) as bare,
      -- A constraint's index is made by the constraint.
      case when not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid
        and k.contype in ('p', 'u', 'x')) then pg_get_indexdef(i.indexrelid) end as definition,
      i.indisclustered as clustered, i.indisreplident as replica_identity, i.indisvalid as valid,
      (select h.inhparent from pg_inherits h where h.inhrelid = i.indexrelid) as parent,
      (select array_agg(a.attnum || '=' || a.attstattarget order by a.attnum) from pg_attribute a
        where a.attrelid = i.indexrelid and a.attstattarget >= 0) as statistics
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where ${ours('n')}`,

  policies: `
    select p.oid, p.polrelid as relation, quote_ident(p.polname) as name, p.polcmd as command, p.polpermissive as permissive,
      (select array_agg(case when r = 0 then 'public' else quote_ident(pg_get_userbyid(r)) end order by 1) from unnest(p.polroles) r) as roles,
      pg_get_expr(p.polqual, p.polrelid) as "using", pg_get_expr(p.polwithcheck, p.polrelid) as "check"
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
    where ${ours('n')}`,

  triggers: `
    select t.oid, t.tgrelid as relation, quote_ident(t.tgname) as name, t.tgenabled as enabled,
      pg_get_triggerdef(t.oid) as definition
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and t.tgparentid = 0 and ${ours('n')} and not ${member('pg_trigger', 't.oid')}`,

  rules: `
    select r.oid, r.ev_class as relation, quote_ident(r.rulename) as name, r.ev_enabled as enabled,
      case when r.rulename = '_RETURN' then null else pg_get_ruledef(r.oid) end as definition
    from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace where ${ours('n')}`,

  routines: `
    select p.oid, p.prokind as kind, quote_ident(n.nspname) as schema,
      format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as identity,
      quote_ident(pg_get_userbyid(p.proowner)) as owner, coalesce(p.proacl, acldefault('f', p.proowner))::text[] as acl,
      case when p.prokind <> 'a' then pg_get_functiondef(p.oid) end as definition,
      pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result,
      case when p.prokind = 'a' then (
        select json_build_object('SFUNC', a.aggtransfn::regproc::text, 'STYPE', format_type(a.aggtranstype, null), 'SSPACE', nullif(a.aggtransspace, 0),
          'FINALFUNC', nullif(a.aggfinalfn::regproc::text, '-'), 'FINALFUNC_EXTRA', nullif(a.aggfinalextra, false), 'FINALFUNC_MODIFY', a.aggfinalmodify,
          'COMBINEFUNC', nullif(a.aggcombinefn::regproc::text, '-'), 'SERIALFUNC', nullif(a.aggserialfn::regproc::text, '-'),
          'DESERIALFUNC', nullif(a.aggdeserialfn::regproc::text, '-'), 'INITCOND', quote_literal(a.agginitval),
          'MSFUNC', nullif(a.aggmtransfn::regproc::text, '-'), 'MINVFUNC', nullif(a.aggminvtransfn::regproc::text, '-'),
          'MSTYPE', nullif(format_type(nullif(a.aggmtranstype, 0), null), '-'), 'MSSPACE', nullif(a.aggmtransspace, 0),
          'MFINALFUNC', nullif(a.aggmfinalfn::regproc::text, '-'), 'MFINALFUNC_EXTRA', nullif(a.aggmfinalextra, false),
          'MFINALFUNC_MODIFY', a.aggmfinalmodify, 'MINITCOND', quote_literal(a.aggminitval),
          'SORTOP', (select format('OPERATOR(%I.%s)', n.nspname, o.oprname) from pg_operator o join pg_namespace n on n.oid = o.oprnamespace where o.oid = a.aggsortop),
          'PARALLEL', p.proparallel, 'HYPOTHETICAL', nullif(a.aggkind = 'h', false))
        from pg_aggregate a where a.aggfnoid = p.oid) end as aggregate,
      ${member('pg_proc', 'p.oid')} as member
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${ours('n')} and (not ${member('pg_proc', 'p.oid')} or p.proacl is not null)`,

  types: `
    select t.oid, t.typarray as array, t.typtype as type, t.typrelid as relation, quote_ident(n.nspname) as schema, format('%I.%I', n.nspname, t.typname) as name,
      quote_ident(pg_get_userbyid(t.typowner)) as owner, coalesce(t.typacl, acldefault('T', t.typowner))::text[] as acl,
      (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels,
      (select array_agg(e.oid order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as label_oids,
      case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end as base,
      t.typdefault as "default", t.typnotnull as not_null,
      case when t.typtype = 'd' and t.typcollation <> 0 and t.typcollation <> b.typcollation then
        (select format('%I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
          where co.oid = t.typcollation) end as collation,
      (select json_build_object('subtype', format_type(r.rngsubtype, null),
          'opclass', (select format('%I.%I', cn.nspname, oc.opcname) from pg_opclass oc join pg_namespace cn on cn.oid = oc.opcnamespace where oc.oid = r.rngsubopc and not oc.opcdefault),
          'diff', nullif(r.rngsubdiff::text, '-'), 'canonical', nullif(r.rngcanonical::text, '-'),
          'multirange', r.rngmultitypid::regtype::text, 'multirange_oid', r.rngmultitypid)
        from pg_range r where r.rngtypid = t.oid) as range,
      ${member('pg_type', 't.oid')} as member
    from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_type b on b.oid = t.typbasetype
      left join pg_class c on c.oid = t.typrelid
    where ${ours('n')} and t.typtype in ('e','d','c','r','b') and not (t.typcategory = 'A' and t.typelem <> 0)`,

  sequences: `
    select s.seqrelid as oid, format_type(s.seqtypid, null) as type, s.seqstart::text as start, s.seqincrement::text as increment,
      s.seqmin::text as min, s.seqmax::text as max, s.seqcache::text as cache, s.seqcycle as cycle,
      (select json_build_object('relation', d.refobjid, 'number', d.refobjsubid, 'internal', d.deptype = 'i') from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = s.seqrelid and d.objsubid = 0
          and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a','i') limit 1) as owned
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace where ${ours('n')}`,

  extensions: `
    select e.oid, quote_ident(e.extname) as name, quote_ident(n.nspname) as schema, e.extversion as version,
      (select array_agg(d.objid) from pg_depend d where d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
        and d.deptype = 'e' and d.classid in ('pg_class'::regclass, 'pg_namespace'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass)) as members
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace`,

  statistics: `
    select s.oid, format('%I.%I', n.nspname, s.stxname) as name, s.stxrelid as relation, pg_get_statisticsobjdef(s.oid) as definition,
      quote_ident(pg_get_userbyid(s.stxowner)) as owner, nullif(coalesce(s.stxstattarget, -1), -1) as target
    from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where ${ours('n')}`,

  publications: `
    select p.oid, quote_ident(p.pubname) as name, quote_ident(pg_get_userbyid(p.pubowner)) as owner, p.puballtables as all_tables,
      array_remove(array[case when pubinsert then 'insert' end, case when pubupdate then 'update' end,
        case when pubdelete then 'delete' end, case when pubtruncate then 'truncate' end], null) as publish, p.pubviaroot as via_root
    from pg_publication p`,

  publicationTables: `
    select r.oid, quote_ident(p.pubname) as publication, r.prrelid as relation, null as schema, pg_get_expr(r.prqual, r.prrelid) as "where",
      (select array_agg(quote_ident(a.attname) order by a.attnum) from pg_attribute a
        where a.attrelid = r.prrelid and a.attnum = any (r.prattrs::int2[])) as columns
    from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
    union all
    select r.oid, quote_ident(p.pubname), null, quote_ident(n.nspname), null, null
    from pg_publication_namespace r join pg_publication p on p.oid = r.pnpubid join pg_namespace n on n.oid = r.pnnspid`,

  eventTriggers: `
    select e.oid, quote_ident(e.evtname) as name, e.evtevent as event, quote_ident(pg_get_userbyid(e.evtowner)) as owner,
      e.evtfoid as function, e.evtfoid::regproc::text as function_name, e.evtenabled as enabled, e.evttags as tags
    from pg_event_trigger e where not ${member('pg_event_trigger', 'e.oid')}`,

  defaultPrivileges: `
    select quote_ident(pg_get_userbyid(d.defaclrole)) as role, quote_ident(n.nspname) as schema, d.defaclobjtype as class, d.defaclacl::text[] as acl,
      case when d.defaclnamespace = 0 then acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole)::text[] end as base
    from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace`,

  roles: `
    select r.oid, quote_ident(r.rolname) as name, r.rolsuper as superuser, r.rolinherit as inherit, r.rolcreaterole as createrole, r.rolcreatedb as createdb,
      r.rolcanlogin as login, r.rolreplication as replication, r.rolbypassrls as bypassrls, r.rolconnlimit as connection_limit,
      r.rolvaliduntil as valid_until
    from pg_roles r where r.rolname !~ '^pg_'`,

  memberships: `
    select quote_ident(pg_get_userbyid(m.roleid)) as role, quote_ident(pg_get_userbyid(m.member)) as member,
      quote_ident(pg_get_userbyid(m.grantor)) as grantor,
      m.admin_option as admin, to_jsonb(m) -> 'inherit_option' as inherit, to_jsonb(m) -> 'set_option' as set
    from pg_auth_members m`,

  settings: `
    select case when s.setrole <> 0 then quote_ident(pg_get_userbyid(s.setrole)) end as role,
      s.setdatabase <> 0 as here, c as setting
    from pg_db_role_setting s, unnest(s.setconfig) c
    where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))`,

  comments: `
    select d.classoid as class, d.objoid as oid, d.objsubid as sub, d.description as text
    from pg_description d where d.objoid >= 16384 or (d.objoid >= 2200 and d.classoid = 'pg_namespace'::regclass)
    union all
    select d.classoid, d.objoid, 0, d.description from pg_shdescription d
    where d.classoid = 'pg_authid'::regclass and d.objoid >= 16384`,

  securityLabels: `
    select classoid as class, objoid as oid, objsubid as sub, quote_ident(provider) as provider, label as text
    from pg_seclabel where objoid >= 16384 or (objoid >= 2200 and classoid = 'pg_namespace'::regclass)
    union all
    select classoid, objoid, 0, quote_ident(provider), label from pg_shseclabel
    where classoid = 'pg_authid'::regclass and objoid >= 16384`,

  wrappers: `
    select w.oid, quote_ident(w.fdwname) as name, quote_ident(pg_get_userbyid(w.fdwowner)) as owner,
      nullif(w.fdwhandler::regproc::text, '-') as handler, nullif(w.fdwvalidator::regproc::text, '-') as validator,
      w.fdwoptions as options, coalesce(w.fdwacl, acldefault('F', w.fdwowner))::text[] as acl,
      ${member('pg_foreign_data_wrapper', 'w.oid')} as member
    from pg_foreign_data_wrapper w`,

  servers: `
    select s.oid, quote_ident(s.srvname) as name, quote_ident(pg_get_userbyid(s.srvowner)) as owner,
      quote_ident(w.fdwname) as wrapper, quote_literal(s.srvtype) as type, quote_literal(s.srvversion) as version,
      s.srvoptions as options, coalesce(s.srvacl, acldefault('S', s.srvowner))::text[] as acl
    from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw
    where not ${member('pg_foreign_server', 's.oid')}`,

  /** Options are shown to the user they are for, for PUBLIC to the server's owner, and to a superuser. */
  userMappings: `
    select m.umid as oid, quote_ident(m.srvname) as server, case when m.umuser = 0 then 'PUBLIC' else quote_ident(m.usename) end as user,
      m.umoptions as options,
      m.umoptions is null and not ((select rolsuper from pg_roles where rolname = current_user)
        or m.usename = current_user or (m.umuser = 0 and pg_has_role(s.srvowner, 'USAGE'))) as hidden
    from pg_user_mappings m join pg_foreign_server s on s.oid = m.srvid`,

  textSearchDictionaries: `
    select d.oid, format('%I.%I', n.nspname, d.dictname) as name, quote_ident(n.nspname) as schema, quote_ident(pg_get_userbyid(d.dictowner)) as owner,
      (select format('%I.%I', tn.nspname, t.tmplname) from pg_ts_template t join pg_namespace tn on tn.oid = t.tmplnamespace
        where t.oid = d.dicttemplate) as template, d.dictinitoption as options
    from pg_ts_dict d join pg_namespace n on n.oid = d.dictnamespace where ${ours('n')} and not ${member('pg_ts_dict', 'd.oid')}`,

  textSearchConfigurations: `
    select c.oid, format('%I.%I', n.nspname, c.cfgname) as name, quote_ident(n.nspname) as schema, quote_ident(pg_get_userbyid(c.cfgowner)) as owner,
      (select format('%I.%I', pn.nspname, p.prsname) from pg_ts_parser p join pg_namespace pn on pn.oid = p.prsnamespace
        where p.oid = c.cfgparser) as parser,
      (select json_agg(json_build_object('token', t.alias, 'dictionaries', m.dictionaries) order by t.alias)
        from (select m.maptokentype, array_agg(format('%I.%I', dn.nspname, d.dictname) order by m.mapseqno) as dictionaries
          from pg_ts_config_map m join pg_ts_dict d on d.oid = m.mapdict join pg_namespace dn on dn.oid = d.dictnamespace
          where m.mapcfg = c.oid group by 1) m join ts_token_type(c.cfgparser) t on t.tokid = m.maptokentype) as mappings
    from pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace where ${ours('n')} and not ${member('pg_ts_config', 'c.oid')}`,

  /** Without shells: what an operator names as its commutator before that is made. */
  operators: `
    select o.oid, format('%I.%s', n.nspname, o.oprname) as name, quote_ident(n.nspname) as schema, quote_ident(pg_get_userbyid(o.oprowner)) as owner,
      case when o.oprleft <> 0 then format_type(o.oprleft, null) end as left, case when o.oprright <> 0 then format_type(o.oprright, null) end as right,
      o.oprcode::regproc::text as function,
      (select format('%I.%s', cn.nspname, c.oprname) from pg_operator c join pg_namespace cn on cn.oid = c.oprnamespace where c.oid = o.oprcom) as commutator,
      (select format('%I.%s', cn.nspname, c.oprname) from pg_operator c join pg_namespace cn on cn.oid = c.oprnamespace where c.oid = o.oprnegate) as negator,
      nullif(o.oprrest::regproc::text, '-') as restrict, nullif(o.oprjoin::regproc::text, '-') as join,
      o.oprcanhash as hashes, o.oprcanmerge as merges
    from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
    where o.oprcode <> 0 and ${ours('n')} and not ${member('pg_operator', 'o.oid')}`,

  casts: `
    select c.oid, format_type(c.castsource, null) as source, format_type(c.casttarget, null) as target,
      case when c.castfunc <> 0 then c.castfunc::regprocedure::text end as function, c.castmethod as method, c.castcontext as context
    from pg_cast c where c.oid >= 16384 and not ${member('pg_cast', 'c.oid')}`,

  collations: `
    select c.oid, format('%I.%I', n.nspname, c.collname) as name, quote_ident(n.nspname) as schema, quote_ident(pg_get_userbyid(c.collowner)) as owner,
      to_jsonb(c) as row
    from pg_collation c join pg_namespace n on n.oid = c.collnamespace where ${ours('n')} and not ${member('pg_collation', 'c.oid')}`,

  conversions: `
    select c.oid, format('%I.%I', n.nspname, c.conname) as name, quote_ident(n.nspname) as schema, quote_ident(pg_get_userbyid(c.conowner)) as owner,
      pg_encoding_to_char(c.conforencoding) as from, pg_encoding_to_char(c.contoencoding) as to, c.conproc::regproc::text as function,
      c.condefault as standard
    from pg_conversion c join pg_namespace n on n.oid = c.connamespace where ${ours('n')} and not ${member('pg_conversion', 'c.oid')}`,

  /** What only a superuser makes: noticed where it changes, dropped where it is new. */
  others: `
    select o.class, o.oid, i.type, i.identity, o.definition
    from (
      ${['opclass', 'opfamily', 'language', 'transform', 'am', 'ts_parser', 'ts_template']
        .map(
          (name) =>
            `select 'pg_${name}' as class, 'pg_${name}'::regclass as classid, oid, to_jsonb(x) - 'oid' as definition from pg_${name} x where oid >= 16384`,
        )
        .join('\n      union all ')}
    ) o, lateral pg_identify_object(o.classid, o.oid, 0) i
    where not exists (select from pg_depend e where e.classid = o.classid and e.objid = o.oid and e.deptype = 'e')`,

  /** `class oid sub class oid sub type`, one a row: who needs whom. */
  dependencies: `
    select string_agg(concat_ws(' ', d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid), e'\\n') as text
    from pg_depend d
    where d.objid >= 16384 and d.refobjid >= 16384 and d.deptype in ('n', 'a', 'i', 'P', 'S')`,
} as const;

/** Asked where the table is there: rows that are schema in all but name. */
export const rowQueries = {
  buckets: {
    table: 'storage.buckets',
    sql: `select to_jsonb(b) - 'created_at' - 'updated_at' as row from storage.buckets b`,
  },
  cronJobs: {
    table: 'cron.job',
    sql: `select jobid, jobname as name, schedule, command, database, username, active from cron.job`,
  },
  queues: {
    table: 'pgmq.meta',
    sql: `select queue_name as name, is_partitioned as partitioned, is_unlogged as unlogged from pgmq.meta`,
  },
} as const;
