-- Refuses a workflow's config with a field that its type does not take, or a value that no run could have. Called by
-- check_workflow. Locks nothing. Raises PT400, and what refuse_config raises for the config that its runs are given.
create or replace function ops_private.refuse_workflow_config(
    p_project_id uuid,
    p_type ops.workflow_type,
    p_config jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fault text;
begin
    select case
        when f.field is null then format('A %s workflow takes no %s', p_type, left(g.key, 100))
        when jsonb_typeof(g.value) <> f.json_type then format('%s of a workflow is no %s', g.key, f.json_type)
        when g.key = 'branches' and (
            g.value = '[]' or jsonb_path_exists(g.value, '$[*] ? (@.type() != "string" || @ == "")')
        ) then 'branches of a workflow are patterns, such as release/*'
        when g.key = 'priority' and not (g.value::numeric between -100 and 100 and g.value::numeric % 1 = 0)
            then 'priority of a workflow is a whole number from -100 to 100'
        when g.key = 'max_attempts' and not (g.value::numeric between 1 and 10 and g.value::numeric % 1 = 0)
            then 'max_attempts of a workflow is a whole number from 1 to 10'
    end
    into v_fault
    from jsonb_each(p_config) as g (key, value)
    left join ops.workflow_config_fields() as f on f.workflow_type = p_type and f.field = g.key
    order by 1
    limit 1;
    if v_fault is not null then
        raise sqlstate 'PT400' using
            message = v_fault, hint = 'A workflow takes branches, priority, run and, unless it is for backups, max_attempts.';
    end if;
    perform ops_private.refuse_config(p_project_id, p_type::text::ops.run_kind, p_config -> 'run');
end
$$;
comment on function ops_private.refuse_workflow_config is 'Refuses a config that no workflow of the type may have.';
revoke all on function ops_private.refuse_workflow_config from public;
