-- Lists the expired development environments without active or waiting runs. Called by expire_environments.
-- Locks and raises nothing.
create or replace function ops.environments_to_expire(
    p_now timestamptz
)
returns setof ops.environments
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select e.* from ops.environments as e
    where
        e.destroyed_at is null and e.stage = 'development' and e.expires_at < p_now
        and not exists (
            select from ops.runs as r
            where r.environment_id = e.id and r.status = 'queued'
        ) and not exists (
            select from ops.runs as r
            where r.environment_id = e.id and r.status in ('claimed', 'running')
        )
    order by e.expires_at;
end
$$;
comment on function ops.environments_to_expire is 'The previews past their time.';
revoke all on function ops.environments_to_expire from public;
grant execute on function ops.environments_to_expire to service_role, ops_worker;
