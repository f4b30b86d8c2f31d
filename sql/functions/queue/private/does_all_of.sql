-- Returns whether a newer run makes an older one on the same environment unnecessary, by their kinds. The build of a
-- tag is the tag's release: no other build takes its place, nor it that of another. Locks and raises nothing.
create or replace function ops_private.does_all_of(
    p_newer ops.runs,
    p_older ops.runs
)
returns boolean
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when (p_newer).kind = 'destroy' then (p_older).kind in ('build', 'test', 'deploy', 'clone', 'stop', 'start', 'destroy')
    when 'refs/tags/' in (left((p_newer).git_ref, 10), left((p_older).git_ref, 10)) then false
    when (p_newer).kind = 'build' then (p_older).kind = 'build'
    when (p_newer).kind = 'deploy' then (p_older).kind in ('build', 'deploy', 'destroy')
    else false
end
$$;
comment on function ops_private.does_all_of is 'Whether a newer run makes an older one of the environment pointless.';
revoke all on function ops_private.does_all_of from public;
