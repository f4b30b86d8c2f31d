-- Refuses a workflow with a config that its runs could not be given, and notes who set it: people as themselves, the
-- platform as it says. Fired before each insert and update of ops.workflows. Raises PT400, and PT403 for a field of the
-- config that the caller may not set. What was there before and is not changed stays.
-- Definer: it calls helpers that only the owner may execute.
create or replace function ops_private.check_workflow()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'INSERT' or (new.config, new.workflow_type) is distinct from (old.config, old.workflow_type) then
        perform ops_private.refuse_workflow_config(new.project_id, new.workflow_type, new.config);
    end if;
    new.set_by := coalesce(
        case when ops.is_platform() then new.set_by end, ops.caller_id(), ops.caller_role()
    );
    new.set_at := clock_timestamp();
    return new;
end
$$;
comment on function ops_private.check_workflow is 'Refuses what no workflow may be, and notes who set it.';
revoke all on function ops_private.check_workflow from public;
