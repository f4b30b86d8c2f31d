-- Records that a project's webhook has a secret of its own from now on, which the gateway reads from a file; deliveries
-- signed with the platform's secret speak for the project no longer. Returns when it was made.
-- Called by `ops webhook`. Locks the project's row. Raises PT404. A retry changes only the time.
-- Definer: nobody may write projects directly; only operators and the service role may execute this.
create or replace function ops.record_webhook_secret(
    p_project_id uuid
)
returns timestamptz
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_made_at timestamptz;
begin
    update ops.projects as p set own_webhook_at = clock_timestamp()
    where p.id = p_project_id
    returning p.own_webhook_at into v_made_at;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    end if;
    return v_made_at;
end
$$;
comment on function ops.record_webhook_secret is 'Notes that a project has its own webhook''s secret.';
revoke all on function ops.record_webhook_secret from public;
grant execute on function ops.record_webhook_secret to service_role, ops_operator;
