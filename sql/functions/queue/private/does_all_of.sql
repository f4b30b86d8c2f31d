-- Returns whether a run of the newer kind makes a run of the older kind on the same environment unnecessary.
-- Locks and raises nothing.
create or replace function ops_private.does_all_of(
    p_newer ops.run_kind,
    p_older ops.run_kind
)
returns boolean
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case p_newer
    when 'build' then p_older = 'build'
    when 'deploy' then p_older in ('build', 'deploy', 'destroy')
    when 'destroy' then p_older in ('build', 'deploy', 'destroy')
    else false
end
$$;
comment on function ops_private.does_all_of is 'Whether a newer run makes an older one of the environment pointless.';
revoke all on function ops_private.does_all_of from public;
