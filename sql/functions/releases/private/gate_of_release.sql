-- Returns a gate of a release. Called by RPCs of gates after the permission check. Locks nothing; raises PT400 for an
-- unknown gate code.
create or replace function ops_private.gate_of_release(
    p_release_id uuid,
    p_gate_code ops.ops_gate_code
)
returns ops.release_gates
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate ops.release_gates;
begin
    select g.* into v_gate from ops.release_gates as g
    where g.release_id = p_release_id and g.gate_code = p_gate_code;
    if not found then
        raise sqlstate 'PT400' using
            message = 'Name a gate of the release', hint = 'A gate is G1, G2, G3 or G4.';
    end if;
    return v_gate;
end
$$;
comment on function ops_private.gate_of_release is 'A gate of a release.';
revoke all on function ops_private.gate_of_release from public;
