-- Records at gate G2 whether a run put the release where people can test it, with its proof. Called by
-- tell_deployment. Locks the gate. Raises what record_gate_check raises.
create or replace function ops_private.tell_staged(
    p_run ops.runs,
    p_release ops.releases,
    p_environment text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_there boolean := (p_run).status = 'succeeded';
    v_check_id uuid := ops.record_gate_check(
        (p_release).id, 'G2', 'staged', case when v_is_there then 'passed' else 'failed' end::ops.check_status,
        case
            when v_is_there then format('deployed to %s', p_environment)
            else format('not deployed to %s: %s', p_environment, coalesce((p_run).error_message, (p_run).status::text))
        end,
        p_run_id => (p_run).id, p_source => 'odooops'
    );
begin
    perform ops_private.prove_check(v_check_id, (p_run).id, 'staged');
end
$$;
comment on function ops_private.tell_staged is 'Tells gate G2 whether there is something to test.';
revoke all on function ops_private.tell_staged from public;
