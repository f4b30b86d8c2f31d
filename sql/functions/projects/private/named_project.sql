-- Returns the project with that slug or id; null if there is none. Called by functions that read envelopes. Raises
-- nothing.
create or replace function ops_private.named_project(p_name text)
returns uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select p.id from ops.projects as p where p.slug = p_name
union all
select p.id from ops.projects as p where p.id::text = lower(p_name)
limit 1
$$;
comment on function ops_private.named_project is 'The project of a slug or an id.';
revoke all on function ops_private.named_project from public;
