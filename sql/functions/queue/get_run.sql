-- Returns one run with its related names, in the form that claims return. Called by workers and by other functions.
-- Locks and raises nothing.
create or replace function ops.get_run(
    p_run_id uuid
)
returns setof ops.run_details
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    return query select d.* from ops.v_run_details as d where d.id = p_run_id;
end
$$;
comment on function ops.get_run is 'One run, as claims return it.';
revoke all on function ops.get_run from public;
grant execute on function ops.get_run to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.get_run
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
