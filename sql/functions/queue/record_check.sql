-- Records the result of a check; the last result of an attempt counts. Called by checks before Dagster gets the result.
-- Raises PT404 and PT410. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_check(
    p_run_id uuid,
    p_attempt int,
    p_name text,
    p_passed boolean,
    p_blocking boolean,
    p_summary text,
    p_metadata jsonb default '{}'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.run_checks as c (run_id, attempt, name, passed, blocking, summary, metadata)
    values (
        p_run_id, ops_private.require_attempt(p_run_id, p_attempt), p_name, p_passed, p_blocking, p_summary,
        coalesce(p_metadata, '{}')
    )
    on conflict on constraint run_checks_run_id_attempt_name_key do update
    set passed = excluded.passed, blocking = excluded.blocking, summary = excluded.summary,
        metadata = excluded.metadata, created_at = excluded.created_at;
end
$$;
comment on function ops.record_check is 'Notes the answer of a check.';
revoke all on function ops.record_check from public;
grant execute on function ops.record_check to service_role, ops_worker;
