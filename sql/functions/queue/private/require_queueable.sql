-- Refuses work for a project that does not exist or in which the caller may not queue; an archived one takes only the
-- removal of its environments.
-- Raises PT404, PT403, PT409.
create or replace function ops_private.require_queueable(
    p_project_id uuid,
    p_kind ops.run_kind
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_status ops.project_status;
begin
    perform ops_private.require_run(p_project_id, p_kind);
    select p.status into v_status from ops.projects as p where p.id = p_project_id;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    elsif v_status = 'archived' and not exists (
        select from ops.run_kinds() as k where k.kind = p_kind and k.effect = 'remove'
    ) then
        raise sqlstate 'PT409' using
            message = 'The project is archived', hint = 'Bring it back: ops project restore.';
    end if;
end
$$;
comment on function ops_private.require_queueable is 'Refuses work that may not be queued.';
revoke all on function ops_private.require_queueable from public;
