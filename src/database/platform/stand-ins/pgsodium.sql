-- pgsodium. Keys are recorded, "encryption" returns its input: enough for a migration to apply, no use as a safe.
create type pgsodium.key_type as enum (
  'aead-ietf', 'aead-det', 'hmacsha512', 'hmacsha256', 'auth', 'shorthash', 'generichash', 'kdf', 'secretbox', 'secretstream', 'stream_xchacha20'
);
create type pgsodium.key_status as enum ('default', 'valid', 'invalid', 'expired');
create sequence pgsodium.key_key_id_seq;
create table pgsodium.key (
  id uuid default gen_random_uuid() not null primary key,
  status pgsodium.key_status default 'valid',
  created timestamptz default current_timestamp not null,
  expires timestamptz,
  key_type pgsodium.key_type,
  key_id bigint default nextval('pgsodium.key_key_id_seq'),
  key_context bytea default '\x7067736f6469756d',
  name text unique,
  associated_data text default 'associated',
  raw_key bytea,
  raw_key_nonce bytea,
  parent_key uuid references pgsodium.key (id),
  comment text,
  user_data text
);
create view pgsodium.valid_key as
  select id, name, status, key_type, key_id, key_context, created, expires, associated_data
  from pgsodium.key where status in ('valid', 'default') and (expires is null or expires > now());
create function pgsodium.create_key(
  key_type pgsodium.key_type default 'aead-det', name text default null, raw_key bytea default null, raw_key_nonce bytea default null,
  parent_key uuid default null, key_context bytea default '\x7067736f6469756d', expires timestamptz default null, associated_data text default ''
) returns pgsodium.valid_key language plpgsql security definer set search_path = '' as $$
declare
  made uuid;
  answer pgsodium.valid_key;
begin
  insert into pgsodium.key (key_type, name, expires, associated_data) values (key_type, name, expires, associated_data) returning id into made;
  select * into answer from pgsodium.valid_key v where v.id = made;
  return answer;
end
$$;
create function pgsodium.crypto_aead_det_keygen() returns bytea language sql as $$ select decode(repeat(replace(gen_random_uuid()::text, '-', ''), 2), 'hex') $$;
create function pgsodium.crypto_aead_det_noncegen() returns bytea language sql as $$ select decode(replace(gen_random_uuid()::text, '-', ''), 'hex') $$;
create function pgsodium.crypto_aead_det_encrypt(message bytea, additional bytea, key_uuid uuid) returns bytea language sql stable as $$ select message $$;
create function pgsodium.crypto_aead_det_encrypt(message bytea, additional bytea, key_uuid uuid, nonce bytea) returns bytea language sql stable as $$ select message $$;
create function pgsodium.crypto_aead_det_encrypt(message bytea, additional bytea, key bytea, nonce bytea default null) returns bytea language sql stable as $$ select message $$;
create function pgsodium.crypto_aead_det_decrypt(message bytea, additional bytea, key_uuid uuid) returns bytea language sql stable as $$ select message $$;
create function pgsodium.crypto_aead_det_decrypt(message bytea, additional bytea, key_uuid uuid, nonce bytea) returns bytea language sql stable as $$ select message $$;
create function pgsodium.crypto_aead_det_decrypt(message bytea, additional bytea, key bytea, nonce bytea default null) returns bytea language sql stable as $$ select message $$;
create function pgsodium.randombytes_buf(size integer) returns bytea language sql as $$
  select substr(decode(string_agg(replace(gen_random_uuid()::text, '-', ''), ''), 'hex'), 1, size) from generate_series(0, size / 16)
$$;
create function pgsodium.derive_key(key_id bigint, key_len integer default 32, context bytea default 'pgsodium') returns bytea language sql as $$
  select decode(repeat(md5(key_id::text), 2), 'hex')
$$;
grant usage on schema pgsodium to pgsodium_keyiduser, postgres with grant option;
grant usage on schema pgsodium to service_role;
grant select on pgsodium.key, pgsodium.valid_key to pgsodium_keyiduser, postgres;
grant all on pgsodium.key to pgsodium_keymaker;
grant execute on all functions in schema pgsodium to postgres, service_role;
