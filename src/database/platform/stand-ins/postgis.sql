-- PostGIS, so that migrations with places in them apply. A geometry is kept as its own text. Points are real: their
-- coordinates, and distances between them (on a sphere for geography). Shapes are stored and never computed with: what asks
-- about them answers by equality. Type modifiers ("Point,4326") are accepted and not checked.
create type geometry;
create function geometry_in(cstring) returns geometry language internal immutable strict parallel safe as 'textin';
create function geometry_out(geometry) returns cstring language internal immutable strict parallel safe as 'textout';
create function geometry_recv(internal) returns geometry language internal immutable strict parallel safe as 'textrecv';
create function geometry_send(geometry) returns bytea language internal immutable strict parallel safe as 'textsend';
-- Any modifier counts as 1: an array has one dimension. And 1 is shown as nothing.
create function geometry_typmod_in(cstring[]) returns integer language internal immutable strict parallel safe as 'array_ndims';
create function geometry_typmod_out(integer) returns cstring language internal immutable strict parallel safe as 'varchartypmodout';
create type geometry (
  internallength = variable, input = geometry_in, output = geometry_out, receive = geometry_recv, send = geometry_send,
  typmod_in = geometry_typmod_in, typmod_out = geometry_typmod_out, storage = main, delimiter = ':'
);
create type geography;
create function geography_in(cstring) returns geography language internal immutable strict parallel safe as 'textin';
create function geography_out(geography) returns cstring language internal immutable strict parallel safe as 'textout';
create function geography_recv(internal) returns geography language internal immutable strict parallel safe as 'textrecv';
create function geography_send(geography) returns bytea language internal immutable strict parallel safe as 'textsend';
create type geography (
  internallength = variable, input = geography_in, output = geography_out, receive = geography_recv, send = geography_send,
  typmod_in = geometry_typmod_in, typmod_out = geometry_typmod_out, storage = main, delimiter = ':'
);
create type box2d;
create function box2d_in(cstring) returns box2d language internal immutable strict parallel safe as 'textin';
create function box2d_out(box2d) returns cstring language internal immutable strict parallel safe as 'textout';
create type box2d (internallength = variable, input = box2d_in, output = box2d_out);
create type box3d;
create function box3d_in(cstring) returns box3d language internal immutable strict parallel safe as 'textin';
create function box3d_out(box3d) returns cstring language internal immutable strict parallel safe as 'textout';
create type box3d (internallength = variable, input = box3d_in, output = box3d_out);

create cast (geometry as geography) without function as implicit;
create cast (geography as geometry) without function;
create cast (text as geometry) without function as implicit;
create cast (geometry as text) without function as implicit;
create cast (text as geography) without function;
create cast (geography as text) without function;
create cast (geometry as box2d) without function as implicit;
create cast (box2d as geometry) without function as implicit;
create cast (geometry as box3d) without function as implicit;
create cast (box3d as geometry) without function as implicit;

create table spatial_ref_sys (
  srid integer not null primary key check (srid > 0 and srid <= 998999),
  auth_name varchar(256),
  auth_srid integer,
  srtext varchar(2048),
  proj4text varchar(2048)
);
insert into spatial_ref_sys (srid, auth_name, auth_srid) values (4326, 'EPSG', 4326), (3857, 'EPSG', 3857);
create view geometry_columns as
  select current_database()::varchar(256) as f_table_catalog, n.nspname as f_table_schema, c.relname as f_table_name,
         a.attname as f_geometry_column, 2 as coord_dimension, 0 as srid, 'GEOMETRY'::varchar(30) as type
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.atttypid = '@extschema@.geometry'::regtype and c.relkind in ('r', 'p', 'v', 'm', 'f') and not a.attisdropped;
create view geography_columns as
  select current_database()::varchar(256) as f_table_catalog, n.nspname as f_table_schema, c.relname as f_table_name,
         a.attname as f_geography_column, 2 as coord_dimension, 4326 as srid, 'GEOGRAPHY'::text as type
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.atttypid = '@extschema@.geography'::regtype and c.relkind in ('r', 'p', 'v', 'm', 'f') and not a.attisdropped;
grant select on spatial_ref_sys, geometry_columns, geography_columns to public;

create function postgis_version() returns text language sql immutable as $$ select '3.3 USE_GEOS=1 USE_PROJ=1 USE_STATS=1' $$;
create function postgis_lib_version() returns text language sql immutable as $$ select '3.3.7' $$;
create function postgis_full_version() returns text language sql immutable as $$ select 'POSTGIS="3.3.7" (stand-in)' $$;

-- Making.
create function st_makepoint(double precision, double precision) returns geometry language sql immutable strict parallel safe as $$
  select format('POINT(%s %s)', $1, $2)::@extschema@.geometry
$$;
create function st_makepoint(double precision, double precision, double precision) returns geometry language sql immutable strict parallel safe as $$
  select format('POINT Z (%s %s %s)', $1, $2, $3)::@extschema@.geometry
$$;
create function st_point(double precision, double precision) returns geometry language sql immutable strict parallel safe as $$
  select format('POINT(%s %s)', $1, $2)::@extschema@.geometry
$$;
create function st_setsrid(geom geometry, srid integer) returns geometry language sql immutable strict parallel safe as $$
  select ('SRID=' || $2 || ';' || regexp_replace($1::text, '^SRID=\d+;', ''))::@extschema@.geometry
$$;
create function st_point(double precision, double precision, srid integer) returns geometry language sql immutable strict parallel safe as $$
  select @extschema@.st_setsrid(@extschema@.st_point($1, $2), $3)
$$;
create function st_geomfromtext(text) returns geometry language sql immutable strict parallel safe as $$ select $1::@extschema@.geometry $$;
create function st_geomfromtext(text, integer) returns geometry language sql immutable strict parallel safe as $$ select @extschema@.st_setsrid($1::@extschema@.geometry, $2) $$;
create function st_geomfromewkt(text) returns geometry language sql immutable strict parallel safe as $$ select $1::@extschema@.geometry $$;
create function st_geographyfromtext(text) returns geography language sql immutable strict parallel safe as $$ select $1::@extschema@.geography $$;
create function st_geogfromtext(text) returns geography language sql immutable strict parallel safe as $$ select $1::@extschema@.geography $$;
create function st_geomfromgeojson(text) returns geometry language sql immutable strict parallel safe as $$
  select case when $1::jsonb ->> 'type' = 'Point'
    then format('SRID=4326;POINT(%s %s)', $1::jsonb #>> '{coordinates,0}', $1::jsonb #>> '{coordinates,1}') else $1 end::@extschema@.geometry
$$;
create function st_geomfromgeojson(jsonb) returns geometry language sql immutable strict parallel safe as $$ select @extschema@.st_geomfromgeojson($1::text) $$;
create function st_geomfromgeojson(json) returns geometry language sql immutable strict parallel safe as $$ select @extschema@.st_geomfromgeojson($1::text) $$;
create function st_makeenvelope(double precision, double precision, double precision, double precision, integer default 0) returns geometry
language sql immutable parallel safe as $$
  select format('SRID=%s;POLYGON((%s %s,%s %s,%s %s,%s %s,%s %s))', $5, $1, $2, $1, $4, $3, $4, $3, $2, $1, $2)::@extschema@.geometry
$$;
create function st_makeline(geometry, geometry) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_makepolygon(geometry) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;

-- Asking. Coordinates of a point; of anything else, of its first point.
create function st_x(geometry) returns double precision language sql immutable strict parallel safe as $$
  select (regexp_match($1::text, '\(\s*([-+0-9.eE]+)\s+[-+0-9.eE]+'))[1]::double precision
$$;
create function st_y(geometry) returns double precision language sql immutable strict parallel safe as $$
  select (regexp_match($1::text, '\(\s*[-+0-9.eE]+\s+([-+0-9.eE]+)'))[1]::double precision
$$;
create function st_srid(geometry) returns integer language sql immutable strict parallel safe as $$
  select coalesce((regexp_match($1::text, '^SRID=(\d+);'))[1]::integer, 0)
$$;
create function st_astext(geometry) returns text language sql immutable strict parallel safe as $$ select regexp_replace($1::text, '^SRID=\d+;', '') $$;
create function st_astext(geography) returns text language sql immutable strict parallel safe as $$ select regexp_replace($1::text, '^SRID=\d+;', '') $$;
create function st_asewkt(geometry) returns text language sql immutable strict parallel safe as $$ select $1::text $$;
create function st_asbinary(geometry) returns bytea language sql immutable strict parallel safe as $$ select convert_to($1::text, 'utf8') $$;
create function st_asgeojson(geometry, maxdecimaldigits integer default 9, options integer default 8) returns text language sql immutable strict parallel safe as $$
  select json_build_object('type', 'Point', 'coordinates', json_build_array(@extschema@.st_x($1), @extschema@.st_y($1)))::text
$$;
create function st_asgeojson(geography, maxdecimaldigits integer default 9, options integer default 0) returns text language sql immutable strict parallel safe as $$
  select @extschema@.st_asgeojson($1::@extschema@.geometry)
$$;
create function st_geometrytype(geometry) returns text language sql immutable strict parallel safe as $$
  select 'ST_' || initcap((regexp_match($1::text, '^(?:SRID=\d+;)?\s*(\w+)'))[1])
$$;
create function geometrytype(geometry) returns text language sql immutable strict parallel safe as $$
  select upper((regexp_match($1::text, '^(?:SRID=\d+;)?\s*(\w+)'))[1])
$$;
create function st_isvalid(geometry) returns boolean language sql immutable strict parallel safe as $$ select true $$;
create function st_isempty(geometry) returns boolean language sql immutable strict parallel safe as $$ select $1::text ~* 'empty' $$;
create function st_area(geometry) returns double precision language sql immutable strict parallel safe as $$ select 0::double precision $$;
create function st_area(geography, use_spheroid boolean default true) returns double precision language sql immutable strict parallel safe as $$ select 0::double precision $$;
create function st_length(geometry) returns double precision language sql immutable strict parallel safe as $$ select 0::double precision $$;
create function st_length(geography, use_spheroid boolean default true) returns double precision language sql immutable strict parallel safe as $$ select 0::double precision $$;
create function st_perimeter(geometry) returns double precision language sql immutable strict parallel safe as $$ select 0::double precision $$;
create function st_npoints(geometry) returns integer language sql immutable strict parallel safe as $$ select 1 $$;
create function st_numpoints(geometry) returns integer language sql immutable strict parallel safe as $$ select 1 $$;

-- Distances: in the units of the geometry; in metres on a sphere for geography.
create function st_distance(geom1 geometry, geom2 geometry) returns double precision language sql immutable strict parallel safe as $$
  select sqrt(power(@extschema@.st_x($1) - @extschema@.st_x($2), 2) + power(@extschema@.st_y($1) - @extschema@.st_y($2), 2))
$$;
create function st_distance(geog1 geography, geog2 geography, use_spheroid boolean default true) returns double precision language sql immutable strict parallel safe as $$
  select 2 * 6371008.8 * asin(least(1, sqrt(
    power(sin(radians(b.y - a.y) / 2), 2) + cos(radians(a.y)) * cos(radians(b.y)) * power(sin(radians(b.x - a.x) / 2), 2))))
  from (select @extschema@.st_x($1::@extschema@.geometry), @extschema@.st_y($1::@extschema@.geometry)) a (x, y),
       (select @extschema@.st_x($2::@extschema@.geometry), @extschema@.st_y($2::@extschema@.geometry)) b (x, y)
$$;
create function st_distancesphere(geom1 geometry, geom2 geometry) returns double precision language sql immutable strict parallel safe as $$
  select @extschema@.st_distance($1::@extschema@.geography, $2::@extschema@.geography)
$$;
create function st_dwithin(geom1 geometry, geom2 geometry, double precision) returns boolean language sql immutable strict parallel safe as $$
  select @extschema@.st_distance($1, $2) <= $3
$$;
create function st_dwithin(geog1 geography, geog2 geography, tolerance double precision, use_spheroid boolean default true) returns boolean language sql immutable strict parallel safe as $$
  select @extschema@.st_distance($1, $2) <= $3
$$;

-- Of shapes: the same or not.
create function geometry_same(geometry, geometry) returns boolean language sql immutable strict parallel safe as $$ select $1::text = $2::text $$;
create function geometry_overlaps(geometry, geometry) returns boolean language sql immutable strict parallel safe as $$ select $1::text = $2::text $$;
create function geography_overlaps(geography, geography) returns boolean language sql immutable strict parallel safe as $$ select $1::text = $2::text $$;
create function geography_same(geography, geography) returns boolean language sql immutable strict parallel safe as $$ select $1::text = $2::text $$;
create function geometry_distance_centroid(geometry, geometry) returns double precision language sql immutable strict parallel safe as $$ select @extschema@.st_distance($1, $2) $$;
create function geography_distance_knn(geography, geography) returns double precision language sql immutable strict parallel safe as $$ select @extschema@.st_distance($1, $2) $$;
create operator = (leftarg = geometry, rightarg = geometry, function = geometry_same, commutator = =);
create operator = (leftarg = geography, rightarg = geography, function = geography_same, commutator = =);
create operator && (leftarg = geometry, rightarg = geometry, function = geometry_overlaps, commutator = &&);
create operator && (leftarg = geography, rightarg = geography, function = geography_overlaps, commutator = &&);
create operator ~ (leftarg = geometry, rightarg = geometry, function = geometry_overlaps);
create operator @ (leftarg = geometry, rightarg = geometry, function = geometry_overlaps);
create operator <-> (leftarg = geometry, rightarg = geometry, function = geometry_distance_centroid, commutator = <->);
create operator <-> (leftarg = geography, rightarg = geography, function = geography_distance_knn, commutator = <->);
do $$
declare
  name text;
begin
  foreach name in array array['contains', 'containsproperly', 'covers', 'coveredby', 'crosses', 'equals', 'intersects', 'overlaps', 'touches', 'within'] loop
    execute format('create function @extschema@.st_%s(geom1 @extschema@.geometry, geom2 @extschema@.geometry) returns boolean language sql immutable strict parallel safe as %L',
      name, 'select $1::text = $2::text');
  end loop;
  foreach name in array array['covers', 'coveredby', 'intersects'] loop
    execute format('create function @extschema@.st_%s(geog1 @extschema@.geography, geog2 @extschema@.geography) returns boolean language sql immutable strict parallel safe as %L',
      name, 'select $1::text = $2::text');
  end loop;
  foreach name in array array['centroid', 'boundary', 'envelope', 'convexhull', 'makevalid', 'multi', 'pointonsurface', 'startpoint', 'endpoint', 'force2d', 'reverse', 'flipcoordinates'] loop
    execute format('create function @extschema@.st_%s(@extschema@.geometry) returns @extschema@.geometry language sql immutable strict parallel safe as %L', name, 'select $1');
  end loop;
  foreach name in array array['union', 'intersection', 'difference', 'symdifference', 'collect'] loop
    execute format('create function @extschema@.st_%s(geom1 @extschema@.geometry, geom2 @extschema@.geometry) returns @extschema@.geometry language sql immutable strict parallel safe as %L', name, 'select $1');
    execute format('create aggregate @extschema@.st_%s(@extschema@.geometry) (sfunc = @extschema@.st_%s, stype = @extschema@.geometry)', name, name);
  end loop;
end
$$;
create function st_disjoint(geom1 geometry, geom2 geometry) returns boolean language sql immutable strict parallel safe as $$ select $1::text <> $2::text $$;
create function st_centroid(geography, use_spheroid boolean default true) returns geography language sql immutable strict parallel safe as $$ select $1 $$;
create function st_buffer(geom geometry, radius double precision, options text default '') returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_buffer(geography, double precision) returns geography language sql immutable strict parallel safe as $$ select $1 $$;
create function st_expand(geometry, double precision) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_transform(geometry, integer) returns geometry language sql immutable strict parallel safe as $$ select @extschema@.st_setsrid($1, $2) $$;
create function st_simplify(geometry, double precision) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_snaptogrid(geometry, double precision) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_closestpoint(geom1 geometry, geom2 geometry) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_geohash(geom geometry, maxchars integer default 0) returns text language sql immutable strict parallel safe as $$ select left(md5($1::text), greatest($2, 12)) $$;
create function geography(geometry) returns geography language sql immutable strict parallel safe as $$ select $1::@extschema@.geography $$;
create function geometry(geography) returns geometry language sql immutable strict parallel safe as $$ select $1::@extschema@.geometry $$;
create function addgeometrycolumn(table_name varchar, column_name varchar, new_srid integer, new_type varchar, new_dim integer, use_typmod boolean default true)
returns text language plpgsql as $$
begin
  execute format('alter table %I add column %I @extschema@.geometry', table_name, column_name);
  return table_name || '.' || column_name;
end
$$;

-- Indexes: made, kept up to date by btree_gist's code for bytes (text and bytes lie in memory alike), and never used, since
-- no operator belongs to them.
create type postgis_key;
create function postgis_key_in(cstring) returns postgis_key language c immutable strict as '$libdir/btree_gist', 'gbtreekey_in';
create function postgis_key_out(postgis_key) returns cstring language c immutable strict as '$libdir/btree_gist', 'gbtreekey_out';
create type postgis_key (internallength = variable, input = postgis_key_in, output = postgis_key_out, storage = extended);
create function postgis_key_compress(internal) returns internal language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_compress';
create function postgis_key_decompress(internal) returns internal language c immutable strict as '$libdir/btree_gist', 'gbt_var_decompress';
create function postgis_key_penalty(internal, internal, internal) returns internal language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_penalty';
create function postgis_key_picksplit(internal, internal) returns internal language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_picksplit';
create function postgis_key_union(internal, internal) returns postgis_key language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_union';
create function postgis_key_same(postgis_key, postgis_key, internal) returns internal language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_same';
create function postgis_key_consistent(internal, bytea, smallint, oid, internal) returns boolean language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_consistent';
create operator class gist_geometry_ops_2d default for type geometry using gist as
  function 1 (geometry, geometry) postgis_key_consistent(internal, bytea, smallint, oid, internal),
  function 2 (geometry, geometry) postgis_key_union(internal, internal),
  function 3 (geometry, geometry) postgis_key_compress(internal),
  function 4 (geometry, geometry) postgis_key_decompress(internal),
  function 5 (geometry, geometry) postgis_key_penalty(internal, internal, internal),
  function 6 (geometry, geometry) postgis_key_picksplit(internal, internal),
  function 7 (geometry, geometry) postgis_key_same(postgis_key, postgis_key, internal),
  storage postgis_key;
create operator class gist_geography_ops default for type geography using gist as
  function 1 (geography, geography) postgis_key_consistent(internal, bytea, smallint, oid, internal),
  function 2 (geography, geography) postgis_key_union(internal, internal),
  function 3 (geography, geography) postgis_key_compress(internal),
  function 4 (geography, geography) postgis_key_decompress(internal),
  function 5 (geography, geography) postgis_key_penalty(internal, internal, internal),
  function 6 (geography, geography) postgis_key_picksplit(internal, internal),
  function 7 (geography, geography) postgis_key_same(postgis_key, postgis_key, internal),
  storage postgis_key;
