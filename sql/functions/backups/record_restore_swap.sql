-- Points the environment at the restored database and ends the restore as succeeded, in one transaction: until then the
-- old database serves, afterwards it is kept until p_keep_previous_until.
-- Called by step restore once the restored database answers. Locks what record_deployment and record_restore_end lock,
-- and raises what they raise. Repeating it is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_restore_swap(
    p_run_id uuid,
    p_attempt int,
    p_url text,
    p_port int,
    p_database_name text,
    p_image_digest text,
    p_git_sha text,
    p_expires_at timestamptz default null,
    p_keep_previous_until timestamptz default null,
    p_report jsonb default '{}'
)
returns ops.restores
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_previous text := ops.record_deployment(
        p_run_id, p_attempt, p_url, p_port, p_database_name, p_image_digest, p_git_sha, p_expires_at
    );
begin
    return ops.record_restore_end(
        p_run_id, p_attempt,
        p_database_name => p_database_name,
        p_previous_database_name => v_previous,
        p_keep_previous_until => case when v_previous is not null then p_keep_previous_until end,
        p_report => p_report
    );
end
$$;
comment on function ops.record_restore_swap is 'Points the environment at the restored database.';
revoke all on function ops.record_restore_swap from public;
grant execute on function ops.record_restore_swap to service_role, ops_worker;
