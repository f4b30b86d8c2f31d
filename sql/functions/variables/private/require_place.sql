-- Refuses a caller who may not set variables at this place: what only developments get takes the permission to queue
-- work, all else the permission to manage, because production or a copy of its data would get it. Called by functions
-- that set and unset. Locks the project's row. Raises PT404, PT403, and PT400 for two places at once.
create or replace function ops_private.require_place(
    p_project_id uuid,
    p_stage ops.environment_stage,
    p_environment_id uuid
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_stage ops.environment_stage := p_stage;
begin
    perform ops_private.require_permission(p_project_id, 'read');
    perform from ops.projects as p where p.id = p_project_id for no key update;
    if p_stage is not null and p_environment_id is not null then
        raise sqlstate 'PT400' using
            message = 'A variable holds at one place', hint = 'Name a stage or an environment.';
    elsif p_environment_id is not null then
        select e.stage into v_stage from ops.environments as e
        where e.id = p_environment_id and e.project_id = p_project_id and e.destroyed_at is null;
        if not found then
            raise sqlstate 'PT404' using
                message = 'There is no such living environment', hint = 'List them: ops env list.';
        end if;
    end if;
    perform ops_private.require_permission(
        p_project_id, case when v_stage = 'development' then 'queue' else 'manage' end
    );
end
$$;
comment on function ops_private.require_place is 'Refuses the caller who may not set variables there.';
revoke all on function ops_private.require_place from public;
