-- Returns the branch's living environment, created now if there is none; after a destroyed one comes the next
-- generation. Called by `ops env create` and people. Two concurrent callers get the same row. Raises PT404, PT403,
-- PT400 for a branch without a name and PT409 if the living environment has another stage. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.ensure_environment(
    p_project_id uuid,
    p_branch text,
    p_stage ops.environment_stage default null
)
returns setof ops.environments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    if coalesce(p_branch, '') = '' then
        raise sqlstate 'PT400' using
            message = 'An environment needs a branch', hint = 'Name the branch, for example feature/invoices.';
    end if;
    perform ops_private.require_permission(p_project_id, 'queue');
    if not exists (select from ops.projects as p where p.id = p_project_id) then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    end if;
    v_environment := ops_private.make_environment(p_project_id, p_branch, p_stage);
    if v_environment.stage = 'production' then
        perform ops_private.require_permission(p_project_id, 'queue_production');
    end if;
    if p_stage is not null and p_stage <> v_environment.stage then
        raise sqlstate 'PT409' using
            message = format('%s is a %s environment', v_environment.partition_key, v_environment.stage),
            hint = 'Destroy it first, or leave the stage out.';
    end if;
    return next v_environment;
end
$$;
comment on function ops.ensure_environment is 'The living environment of a branch.';
revoke all on function ops.ensure_environment from public;
grant execute on function ops.ensure_environment to authenticated, service_role, ops_operator, developer;
