-- Returns the environment's name in Dagster: project/branch, without the characters that Dagster reserves, and with the
-- generation from the second on. Two environments never have the same name, because no branch name contains ~.
-- Called by make_environment. Locks and raises nothing.
create or replace function ops.partition_key(
    p_slug text,
    p_branch text,
    p_generation int
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select p_slug || '/'
    || replace(replace(replace(replace(p_branch, '%', '%25'), '|', '%7C'), '~', '%7E'), '...', '%2E%2E%2E')
    || case when p_generation > 1 then '~' || p_generation else '' end
$$;
comment on function ops.partition_key is 'The Dagster partition of an environment.';
revoke all on function ops.partition_key from public;
grant execute on function ops.partition_key to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.partition_key
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
