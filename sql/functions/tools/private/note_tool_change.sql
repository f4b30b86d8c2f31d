-- Records a change of a tool. Fired after each write of ops.tools. Raises nothing. What changes nothing is not recorded.
-- Definer: the service role may change tools, but may not write the record.
create or replace function ops_private.note_tool_change()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    c_noise constant text[] := '{id,created_at,set_by,set_at}';
    v_old jsonb := to_jsonb(old) - c_noise;
    v_new jsonb := to_jsonb(new) - c_noise;
begin
    insert into ops.tool_changes (tool, old_value, new_value, changed_by)
    select coalesce(new.name, old.name), v_old, v_new, coalesce(new.set_by, ops.caller_id(), ops.caller_role())
    where v_old is distinct from v_new;
    return null;
end
$$;
comment on function ops_private.note_tool_change is 'Records a change of a tool.';
revoke all on function ops_private.note_tool_change from public;
