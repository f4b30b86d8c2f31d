-- Records a build's result at gate G1: its outcome as the check `build`, and the checks it made. Locks the gate. Raises
-- PT400 for another gate, and what record_gate_check raises.
create or replace function ops_private.handle_build_complete(
    p_release ops.releases,
    p_envelope jsonb,
    p_run_id uuid
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_envelope ->> 'gate_code' <> 'G1' then
        perform ops_private.refuse_field('gate_code', 'of a build is G1');
    end if;
    return ops_private.take_checks(p_release, 'G1', 'build', p_envelope, p_run_id);
end
$$;
comment on function ops_private.handle_build_complete is 'Notes what a build says of gate G1.';
revoke all on function ops_private.handle_build_complete from public;
