/** Stand-ins that a server alone needs: the embedded engine has these extensions for real. */

/** pgvector on arrays: a vector is kept as its text, distances are computed, its indexes are accepted (see `commandFor`). */
const vector = (type: string): string => `
create type ${type};
create function ${type}_in(cstring) returns ${type} language internal immutable strict parallel safe as 'textin';
create function ${type}_out(${type}) returns cstring language internal immutable strict parallel safe as 'textout';
create function ${type}_recv(internal) returns ${type} language internal immutable strict parallel safe as 'textrecv';
create function ${type}_send(${type}) returns bytea language internal immutable strict parallel safe as 'textsend';
create function ${type}_typmod_in(cstring[]) returns integer language internal immutable strict parallel safe as 'varchartypmodin';
create function ${type}_typmod_out(integer) returns cstring language internal immutable strict parallel safe as 'varchartypmodout';
create type ${type} (
  internallength = variable, input = ${type}_in, output = ${type}_out, receive = ${type}_recv, send = ${type}_send,
  typmod_in = ${type}_typmod_in, typmod_out = ${type}_typmod_out, storage = external
);
create cast (${type} as text) without function;
create cast (text as ${type}) without function;
create function ${type}_to_float8(${type}) returns double precision[] language sql immutable strict parallel safe as
  $$ select translate($1::text, '[]', '{}')::double precision[] $$;
create function array_to_${type}(double precision[]) returns ${type} language sql immutable strict parallel safe as
  $$ select translate($1::text, '{}', '[]')::${type} $$;
create function array_to_${type}(real[]) returns ${type} language sql immutable strict parallel safe as
  $$ select translate($1::text, '{}', '[]')::${type} $$;
create function array_to_${type}(integer[]) returns ${type} language sql immutable strict parallel safe as
  $$ select translate($1::text, '{}', '[]')::${type} $$;
create function array_to_${type}(numeric[]) returns ${type} language sql immutable strict parallel safe as
  $$ select translate($1::text, '{}', '[]')::${type} $$;
create function ${type}_to_float4(${type}) returns real[] language sql immutable strict parallel safe as
  $$ select translate($1::text, '[]', '{}')::real[] $$;
create cast (${type} as real[]) with function ${type}_to_float4(${type}) as assignment;
create cast (double precision[] as ${type}) with function array_to_${type}(double precision[]) as assignment;
create cast (real[] as ${type}) with function array_to_${type}(real[]) as assignment;
create cast (integer[] as ${type}) with function array_to_${type}(integer[]) as assignment;
create cast (numeric[] as ${type}) with function array_to_${type}(numeric[]) as assignment;
create function vector_dims(${type}) returns integer language sql immutable strict parallel safe as
  $$ select cardinality(@extschema@.${type}_to_float8($1)) $$;
create function l2_distance(${type}, ${type}) returns double precision language sql immutable strict parallel safe as
  $$ select sqrt(sum((a - b) ^ 2)) from unnest(@extschema@.${type}_to_float8($1), @extschema@.${type}_to_float8($2)) u(a, b) $$;
create function l1_distance(${type}, ${type}) returns double precision language sql immutable strict parallel safe as
  $$ select sum(abs(a - b)) from unnest(@extschema@.${type}_to_float8($1), @extschema@.${type}_to_float8($2)) u(a, b) $$;
create function inner_product(${type}, ${type}) returns double precision language sql immutable strict parallel safe as
  $$ select sum(a * b) from unnest(@extschema@.${type}_to_float8($1), @extschema@.${type}_to_float8($2)) u(a, b) $$;
create function ${type}_negative_inner_product(${type}, ${type}) returns double precision language sql immutable strict parallel safe as
  $$ select -@extschema@.inner_product($1, $2) $$;
create function cosine_distance(${type}, ${type}) returns double precision language sql immutable strict parallel safe as
  $$ select 1 - sum(a * b) / nullif(sqrt(sum(a ^ 2)) * sqrt(sum(b ^ 2)), 0)
     from unnest(@extschema@.${type}_to_float8($1), @extschema@.${type}_to_float8($2)) u(a, b) $$;
create function vector_norm(${type}) returns double precision language sql immutable strict parallel safe as
  $$ select sqrt(sum(a ^ 2)) from unnest(@extschema@.${type}_to_float8($1)) u(a) $$;
create function l2_normalize(${type}) returns ${type} language sql immutable strict parallel safe as
  $$ select @extschema@.array_to_${type}(array_agg(a / nullif(@extschema@.vector_norm($1), 0) order by n))
     from unnest(@extschema@.${type}_to_float8($1)) with ordinality u(a, n) $$;
create operator <-> (leftarg = ${type}, rightarg = ${type}, procedure = l2_distance, commutator = <->);
create operator <+> (leftarg = ${type}, rightarg = ${type}, procedure = l1_distance, commutator = <+>);
create operator <=> (leftarg = ${type}, rightarg = ${type}, procedure = cosine_distance, commutator = <=>);
create operator <#> (leftarg = ${type}, rightarg = ${type}, procedure = ${type}_negative_inner_product, commutator = <#>);
create function ${type}_eq(${type}, ${type}) returns boolean language sql immutable strict parallel safe as $$ select $1::text = $2::text $$;
create function ${type}_ne(${type}, ${type}) returns boolean language sql immutable strict parallel safe as $$ select $1::text <> $2::text $$;
create operator = (leftarg = ${type}, rightarg = ${type}, procedure = ${type}_eq, commutator = =, negator = <>);
create operator <> (leftarg = ${type}, rightarg = ${type}, procedure = ${type}_ne, commutator = <>, negator = =);
create function ${type}_sum_step(double precision[], ${type}) returns double precision[] language sql immutable as
  $$ select case when $2 is null then $1 when cardinality($1) = 0 then array[1::double precision] || @extschema@.${type}_to_float8($2)
     else (select array_agg(coalesce(a, 0) + b order by n) from unnest($1, array[1::double precision] || @extschema@.${type}_to_float8($2)) with ordinality u(a, b, n)) end $$;
create function ${type}_avg_end(double precision[]) returns ${type} language sql immutable as
  $$ select case when cardinality($1) > 0 then (select @extschema@.array_to_${type}(array_agg(a / $1[1] order by n)) from unnest($1[2:]) with ordinality u(a, n)) end $$;
create function ${type}_sum_end(double precision[]) returns ${type} language sql immutable as
  $$ select case when cardinality($1) > 0 then @extschema@.array_to_${type}($1[2:]) end $$;
create aggregate avg(${type}) (sfunc = ${type}_sum_step, stype = double precision[], initcond = '{}', finalfunc = ${type}_avg_end);
create aggregate sum(${type}) (sfunc = ${type}_sum_step, stype = double precision[], initcond = '{}', finalfunc = ${type}_sum_end);
`;

export const serverOnlySql: Readonly<Record<string, string>> = {
  vector: ['vector', 'halfvec', 'sparsevec'].map(vector).join('\n'),
};
