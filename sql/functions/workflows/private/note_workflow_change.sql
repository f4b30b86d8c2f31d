-- Records a change of a workflow among the changes of the project's settings, under the key workflows.<name>. Fired
-- after each write of ops.workflows. Raises nothing. What changes nothing is not recorded.
-- Definer: people may change workflows, but may not write the record.
create or replace function ops_private.note_workflow_change()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    c_noise constant text[] := '{id,project_id,name,created_at,set_by,set_at}';
    v_old jsonb := to_jsonb(old) - c_noise;
    v_new jsonb := to_jsonb(new) - c_noise;
begin
    if tg_op = 'UPDATE' and old.name <> new.name then
        v_old := v_old || jsonb_build_object('name', old.name);
    end if;
    insert into ops.project_setting_changes (project_id, key, old_value, new_value, changed_by)
    select
        coalesce(new.project_id, old.project_id), 'workflows.' || coalesce(new.name, old.name), v_old, v_new,
        coalesce(new.set_by, ops.caller_id(), ops.caller_role())
    where v_old is distinct from v_new
        and exists (select from ops.projects as p where p.id = coalesce(new.project_id, old.project_id)); -- else it goes, too
    return null;
end
$$;
comment on function ops_private.note_workflow_change is 'Records a change of a workflow.';
revoke all on function ops_private.note_workflow_change from public;
