-- Refuses a caller who may not request, repeat or cancel work of this kind on an environment of this stage. Called by
-- functions that queue or change a queued run. Locks nothing; raises PT404 and PT403. Work that moves data or
-- releases has its own permission, on production too; all other work needs the permission to queue.
create or replace function ops_private.require_run(
    p_project_id uuid,
    p_kind ops.run_kind,
    p_stage ops.environment_stage default null
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_kind in ('promote', 'rehearse') and ops.has_permission(p_project_id, 'deploy') then
        return; -- a rollback is a promotion of what was there before
    elsif p_kind in ('build', 'test') and p_stage is distinct from 'production'
        and ops.has_permission(p_project_id, 'queue_build') then
        return;
    end if;
    perform ops_private.require_permission(p_project_id, case
        when p_kind in ('backup', 'drill', 'promote') then p_kind::text
        when p_kind = 'rehearse' then 'promote'
        when p_kind in ('verify', 'retention') then 'backup'
        -- a comparison shows the backup's data, and a branch's code reads them in an upgrade preview
        when p_kind in ('restore', 'clone', 'compare', 'upgrade') then 'restore'
        when p_stage = 'production' then 'queue_production'
        else 'queue'
    end);
end
$$;
comment on function ops_private.require_run is 'Refuses the caller who may not ask for this work.';
revoke all on function ops_private.require_run from public;
