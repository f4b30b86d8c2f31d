-- Returns whether a run's build is a release: that of the branch of a staging or of production, or of a tag, which is
-- built beside production. Called by propose_release. Locks and raises nothing.
create or replace function ops_private.makes_release(p_run ops.runs)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.environments as e
    where
        e.id = (p_run).environment_id and (p_run).kind in ('build', 'test', 'deploy')
        and (
            e.stage <> 'development' and (p_run).git_ref = 'refs/heads/' || e.branch
            or e.stage = 'production' and (p_run).git_ref like 'refs/tags/_%'
        )
)
$$;
comment on function ops_private.makes_release is 'Whether a run''s build is a release.';
revoke all on function ops_private.makes_release from public;
