-- Vault. Secrets are kept as base64 here, not encrypted: a throw-away database holds nobody's secrets.
create function @extschema@._crypto_aead_det_noncegen() returns bytea language sql immutable as $$
  select decode(replace(gen_random_uuid()::text, '-', ''), 'hex')
$$;

create table @extschema@.secrets (
  id uuid default gen_random_uuid() not null primary key,
  name text,
  description text default '' not null,
  secret text not null,
  key_id uuid,
  nonce bytea default @extschema@._crypto_aead_det_noncegen(),
  created_at timestamptz default current_timestamp not null,
  updated_at timestamptz default current_timestamp not null
);
create unique index secrets_name_idx on @extschema@.secrets (name) where name is not null;
comment on table @extschema@.secrets is 'Table with encrypted `secret` column for storing sensitive information on disk.';

create view @extschema@.decrypted_secrets with (security_barrier) as
  select id, name, description, secret, convert_from(decode(secret, 'base64'), 'utf8') as decrypted_secret,
         key_id, nonce, created_at, updated_at
  from @extschema@.secrets;

create function @extschema@._crypto_aead_det_encrypt(message bytea, additional bytea, key_id bigint, context bytea default 'pgsodium', nonce bytea default null)
returns bytea language sql immutable as $$ select message $$;
create function @extschema@._crypto_aead_det_decrypt(message bytea, additional bytea, key_id bigint, context bytea default 'pgsodium', nonce bytea default null)
returns bytea language sql immutable as $$ select message $$;

create function @extschema@.create_secret(new_secret text, new_name text default null, new_description text default '', new_key_id uuid default null)
returns uuid language sql security definer set search_path = '' as $$
  insert into @extschema@.secrets (secret, name, description)
  values (encode(convert_to(new_secret, 'utf8'), 'base64'), new_name, new_description)
  returning id
$$;

create function @extschema@.update_secret(secret_id uuid, new_secret text default null, new_name text default null, new_description text default null, new_key_id uuid default null)
returns void language sql security definer set search_path = '' as $$
  update @extschema@.secrets set
    secret = coalesce(encode(convert_to(new_secret, 'utf8'), 'base64'), secret),
    name = coalesce(new_name, name),
    description = coalesce(new_description, description),
    updated_at = now()
  where id = secret_id
$$;

-- Read and delete directly, write by function: as on the platform.
revoke all on all functions in schema @extschema@ from public;
grant usage on schema @extschema@ to postgres with grant option;
grant usage on schema @extschema@ to service_role;
grant select, delete on @extschema@.secrets, @extschema@.decrypted_secrets to postgres with grant option;
grant select, delete on @extschema@.secrets, @extschema@.decrypted_secrets to service_role;
grant execute on function @extschema@.create_secret(text, text, text, uuid), @extschema@.update_secret(uuid, text, text, text, uuid),
  @extschema@._crypto_aead_det_decrypt(bytea, bytea, bigint, bytea, bytea) to postgres with grant option;
grant execute on function @extschema@.create_secret(text, text, text, uuid), @extschema@.update_secret(uuid, text, text, text, uuid),
  @extschema@._crypto_aead_det_decrypt(bytea, bytea, bigint, bytea, bytea) to service_role;
