-- pg_hashids. Reversible and stable as the original, but other letters.
create function id_encode(id bigint, salt text default '', min_hash_length integer default 0, alphabet text default '') returns text
language sql immutable as $$ select lpad(to_hex(id), greatest(min_hash_length, length(to_hex(id))), '0') $$;
create function id_encode(ids bigint[], salt text default '', min_hash_length integer default 0, alphabet text default '') returns text
language sql immutable as $$ select string_agg(to_hex(i), 'x') from unnest(ids) i $$;
create function id_decode(hash text, salt text default '', min_hash_length integer default 0, alphabet text default '') returns bigint[]
language sql immutable as $$ select array_agg(('x' || lpad(part, 16, '0'))::bit(64)::bigint) from string_to_table(hash, 'x') part $$;
create function id_decode_once(hash text, salt text default '', min_hash_length integer default 0, alphabet text default '') returns bigint
language sql immutable as $$ select (@extschema@.id_decode($1))[1] $$;
create function hash_encode(id bigint, salt text default '', min_hash_length integer default 0, alphabet text default '') returns text
language sql immutable as $$ select @extschema@.id_encode($1, $2, $3, $4) $$;
create function hash_decode(hash text, salt text default '', min_hash_length integer default 0, alphabet text default '') returns integer
language sql immutable as $$ select (@extschema@.id_decode($1))[1]::integer $$;
