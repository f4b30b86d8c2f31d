-- Records under which URL an environment answers, after a setting changed it. Called by the job converge. Locks the
-- environment's row. Raises PT404 for no living environment with a database here. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.set_environment_url(
    p_environment_id uuid,
    p_url text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.environments as e set url = p_url
    where e.id = p_environment_id and e.destroyed_at is null and e.database_name is not null;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such living environment that is hosted here', hint = 'List them: ops env list.';
    end if;
end
$$;
comment on function ops.set_environment_url is 'Notes where an environment answers.';
revoke all on function ops.set_environment_url from public;
grant execute on function ops.set_environment_url to service_role, ops_worker;
