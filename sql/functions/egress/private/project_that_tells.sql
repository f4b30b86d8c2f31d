-- Returns the project of an environment that still lives, and so may tell what it does. Called by record_egress and
-- record_mail. Locks nothing. Raises PT404 for an environment that does not exist or was destroyed.
create or replace function ops_private.project_that_tells(p_environment_id uuid)
returns uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
begin
    select e.project_id into v_project_id from ops.environments as e
    where e.id = p_environment_id and e.destroyed_at is null;
    if not found then
        raise sqlstate 'PT404' using message = 'There is no such living environment', hint = 'List them: ops env list.';
    end if;
    return v_project_id;
end
$$;
comment on function ops_private.project_that_tells is 'The project of an environment that lives.';
revoke all on function ops_private.project_that_tells from public;
