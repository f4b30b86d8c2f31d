-- Lists what people do with an environment, whether the caller may now, and if not, why not: stop, start, pin and unpin.
-- Called by pages that draw a button only for who may press it. Locks nothing. Raises PT404; a refusal (PT403, PT409) is
-- returned as its sentence.
-- Definer: it asks the same helpers as the functions that act; the caller's right to read the project is checked.
create or replace function ops.explain_environment(p_environment_id uuid)
returns table (action text, is_allowed boolean, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_environment ops.environments;
begin
    select e.* into v_environment from ops.environments as e
    where e.id = p_environment_id and e.destroyed_at is null;
    if not found or not ops.has_permission(v_environment.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = 'There is no such living environment', hint = 'List them: ops env list.';
    end if;
    foreach action in array array['stop', 'start', 'pin', 'unpin'] loop
        detail := null;
        begin
            perform ops_private.require_run(
                v_environment.project_id, case action when 'stop' then 'stop' else 'start' end::ops.run_kind,
                v_environment.stage
            );
            if action in ('stop', 'start') then
                perform ops_private.environment_to_work_on(
                    v_environment.project_id, v_environment.name, action::ops.run_kind
                );
            end if;
            detail := case
                when action = 'stop' and v_environment.status = 'stopped' then 'It is stopped.'
                when action = 'start' and v_environment.status <> 'stopped' then 'It is not stopped.'
                when action = 'pin' and v_environment.is_pinned then 'It is pinned.'
                when action = 'unpin' and not v_environment.is_pinned then 'It is not pinned.'
            end;
        exception when sqlstate 'PT403' or sqlstate 'PT409' then
            detail := sqlerrm;
        end;
        is_allowed := detail is null;
        return next;
    end loop;
end
$$;
comment on function ops.explain_environment is 'What the caller may do with an environment now, and why not the rest.';
revoke all on function ops.explain_environment from public;
grant execute on function ops.explain_environment to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.explain_environment
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
