-- pg_jsonschema. Types, required keys, enumerations and nested properties are checked; other keywords pass.
create function jsonb_matches_schema(schema json, instance jsonb) returns boolean language plpgsql immutable strict as $$
declare
  rules jsonb := schema::jsonb;
  wanted jsonb := rules -> 'type';
  found text := jsonb_typeof(instance);
  entry record;
begin
  if jsonb_typeof(rules) <> 'object' then
    return rules <> 'false';
  end if;
  if wanted is not null then
    if jsonb_typeof(wanted) = 'string' then
      wanted := jsonb_build_array(wanted);
    end if;
    if not (wanted ? found or found = 'number' and wanted ? 'integer' and (instance #>> '{}')::numeric % 1 = 0) then
      return false;
    end if;
  end if;
  if rules ? 'enum' and not exists (select from jsonb_array_elements(rules -> 'enum') e where e = instance) then
    return false;
  end if;
  if rules ? 'const' and rules -> 'const' <> instance then
    return false;
  end if;
  if found = 'object' then
    for entry in select value from jsonb_array_elements_text(coalesce(rules -> 'required', '[]')) loop
      if not instance ? entry.value then
        return false;
      end if;
    end loop;
    for entry in select key, value from jsonb_each(coalesce(rules -> 'properties', '{}')) loop
      if instance ? entry.key and not @extschema@.jsonb_matches_schema(entry.value::json, instance -> entry.key) then
        return false;
      end if;
    end loop;
    if rules -> 'additionalProperties' = 'false' and exists (
      select from jsonb_object_keys(instance) k where not coalesce(rules -> 'properties', '{}') ? k
    ) then
      return false;
    end if;
  elsif found = 'array' and rules ? 'items' then
    for entry in select value from jsonb_array_elements(instance) loop
      if not @extschema@.jsonb_matches_schema((rules -> 'items')::json, entry.value) then
        return false;
      end if;
    end loop;
  elsif found = 'string' then
    if length(instance #>> '{}') < coalesce((rules ->> 'minLength')::integer, 0)
      or length(instance #>> '{}') > coalesce((rules ->> 'maxLength')::integer, 2147483647) then
      return false;
    end if;
  elsif found = 'number' then
    if (instance #>> '{}')::numeric < (rules ->> 'minimum')::numeric or (instance #>> '{}')::numeric > (rules ->> 'maximum')::numeric then
      return false;
    end if;
  end if;
  return true;
end
$$;
create function json_matches_schema(schema json, instance json) returns boolean language sql immutable strict as $$
  select @extschema@.jsonb_matches_schema($1, $2::jsonb)
$$;
create function jsonschema_is_valid(schema json) returns boolean language sql immutable strict as $$
  select json_typeof($1) in ('object', 'boolean')
$$;
create function jsonschema_validation_errors(schema json, instance json) returns text[] language sql immutable strict as $$
  select case when @extschema@.json_matches_schema($1, $2) then '{}'::text[] else array['does not match the schema'] end
$$;
