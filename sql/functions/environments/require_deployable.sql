-- Refuses what record_deployment would refuse: steps call it before they start, because a deployment takes minutes.
-- Called by steps database and deployment. Locks nothing. Raises PT404 and PT410, and PT409 if a run of this kind may
-- not point its environment at that database. A retry is harmless.
-- Definer: the platform's login executes this but may not execute the functions that it calls.
create or replace function ops.require_deployable(
    p_run_id uuid,
    p_attempt int,
    p_database_name text
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_kind ops.run_kind;
begin
    select r.kind into v_kind from ops.runs as r
    where r.id = p_run_id and r.attempt = p_attempt and r.status = 'running';
    select e.* into v_environment from ops.environments as e
    where e.destroyed_at is null and e.id = (select r.environment_id from ops.runs as r where r.id = p_run_id);
    if v_kind is null or not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
    perform ops_private.refuse_replacement(v_environment, v_kind, p_database_name);
    if v_kind = 'promote' then
        perform ops_private.refuse_unreleased(p_run_id);
    end if;
end
$$;
comment on function ops.require_deployable is 'Refuses a deployment that could not be recorded.';
revoke all on function ops.require_deployable from public;
grant execute on function ops.require_deployable to service_role, ops_worker;
