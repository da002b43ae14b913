-- pgjwt, on pgcrypto as the original is.
create function url_encode(data bytea) returns text language sql immutable as $$
  select translate(encode(data, 'base64'), E'+/=\n', '-_')
$$;
create function url_decode(data text) returns bytea language sql immutable as $$
  select decode(rpad(translate(data, '-_', '+/'), ((length(data) + 3) / 4) * 4, '='), 'base64')
$$;
create function algorithm_sign(signables text, secret text, algorithm text) returns text language sql immutable
set search_path = @extschema@, extensions, public as $$
  select url_encode(hmac(signables, secret, case algorithm when 'HS256' then 'sha256' when 'HS384' then 'sha384' when 'HS512' then 'sha512' else '' end))
$$;
create function sign(payload json, secret text, algorithm text default 'HS256') returns text language sql immutable
set search_path = @extschema@, extensions, public as $$
  select signables || '.' || algorithm_sign(signables, secret, algorithm)
  from (select url_encode(convert_to('{"alg":"' || algorithm || '","typ":"JWT"}', 'utf8')) || '.' || url_encode(convert_to(payload::text, 'utf8'))) as t (signables)
$$;
create function try_cast_double(inp text) returns double precision language plpgsql immutable as $$
begin
  return inp::double precision;
exception when others then
  return null;
end
$$;
create function verify(token text, secret text, algorithm text default 'HS256')
returns table (header json, payload json, valid boolean) language sql immutable
set search_path = @extschema@, extensions, public as $$
  select convert_from(url_decode(r[1]), 'utf8')::json,
         convert_from(url_decode(r[2]), 'utf8')::json,
         r[3] = algorithm_sign(r[1] || '.' || r[2], secret, algorithm)
           and tstzrange(
             to_timestamp(try_cast_double(convert_from(url_decode(r[2]), 'utf8')::json ->> 'nbf')),
             to_timestamp(try_cast_double(convert_from(url_decode(r[2]), 'utf8')::json ->> 'exp'))
           ) @> current_timestamp
  from regexp_split_to_array(token, '\.') as r
$$;
