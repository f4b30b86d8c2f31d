-- Refuses a caller who may not add evidence: to a gate without the gate's permission, to anything else without the
-- permission of any gate. Locks nothing. Raises PT404 and PT403.
create or replace function ops_private.require_evidence_keeper(
    p_project_id uuid,
    p_gate_code ops.ops_gate_code
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if ops.is_platform() or p_gate_code is null and exists (
        select from unnest(enum_range(null::ops.ops_gate_code)) as g (code)
        where ops.has_permission(p_project_id, ops_private.gate_permission(g.code))
    ) then
        return;
    end if;
    perform ops_private.require_permission(p_project_id, ops_private.gate_permission(coalesce(p_gate_code, 'G1')));
end
$$;
comment on function ops_private.require_evidence_keeper is 'Refuses who may not add evidence.';
revoke all on function ops_private.require_evidence_keeper from public;
