-- Records that a project's repository could not be polled, and why; the next successful poll clears it.
-- Called by polling. Locks the project's row. Raises PT404. A retry changes only the time.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_poll_failure(
    p_project_id uuid,
    p_error text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.projects as p
    set poll_failed_at = clock_timestamp(), poll_error = coalesce(nullif(p_error, ''), 'no reason given')
    where p.id = p_project_id;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    end if;
end
$$;
comment on function ops.record_poll_failure is 'Notes why a repository could not be asked.';
revoke all on function ops.record_poll_failure from public;
grant execute on function ops.record_poll_failure to service_role, ops_worker;
