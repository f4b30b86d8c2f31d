-- Returns the person whose decision on a gate the caller submits: the person of the key, or the caller, or, for the
-- service role, the person that it names. The rights of a key were checked before. Locks nothing. Raises PT400, and PT403 for a person who may not
-- decide, such as the release's author.
create or replace function ops_private.gate_approver(
    p_release ops.releases,
    p_gate_code ops.ops_gate_code,
    p_named text,
    p_key ops.event_keys default null
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_approver text := p_named;
begin
    if p_gate_code not in ('G2', 'G3') then
        raise sqlstate 'PT400' using
            message = format('Nobody signs %s off', p_gate_code), column = 'gate_code',
            hint = 'G1 and G4 are decided by checks: record one.';
    end if;
    if p_key.id is not null then
        v_approver := p_key.approver_id;
    else
        perform ops_private.require_permission(p_release.project_id, ops_private.gate_permission(p_gate_code));
        if not ops.is_platform() then
            v_approver := ops.caller_id();
        end if;
    end if;
    if ops.person_of(v_approver) is null then
        raise sqlstate 'PT400' using
            message = 'A decision is somebody''s', column = 'approver_id', hint = 'Name the person: approver_id.';
    elsif not ops.person_of(p_named) = any (ops_private.persons_of(v_approver)) then
        raise sqlstate 'PT403' using
            message = 'You decide as yourself', column = 'approver_id', hint = 'Leave the approver out.';
    elsif ops.person_of(p_release.created_by) = any (ops_private.persons_of(v_approver)) then
        raise sqlstate 'PT403' using
            message = format('%s made this release and cannot approve it', v_approver),
            column = 'approver_id',
            hint = 'Ask somebody else: four eyes.';
    end if;
    return v_approver;
end
$$;
comment on function ops_private.gate_approver is 'Whose decision on a gate the caller brings.';
revoke all on function ops_private.gate_approver from public;
