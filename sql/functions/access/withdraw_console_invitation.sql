-- Takes an invitation back and ends the sessions that came of it; returns how many. Called by `ops invitation withdraw` and
-- the service role. Locks the invitation and its sessions. Raises PT404 for an address that is not invited.
-- Definer: nobody may write invitations directly; only operators and the service role may execute this.
create or replace function ops.withdraw_console_invitation(
    p_email text,
    p_withdrawn_by text default null
)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_by text := coalesce(p_withdrawn_by, ops.caller_id(), ops.caller_role());
    v_id uuid;
    v_count int;
begin
    update ops.console_invitations as i set withdrawn_at = clock_timestamp(), withdrawn_by = v_by
    where i.email = lower(btrim(p_email)) and i.withdrawn_at is null
    returning i.id into v_id;
    if v_id is null then
        raise sqlstate 'PT404' using
            message = format('%s is not invited', p_email), hint = 'ops invitation list shows who is.';
    end if;
    update ops.console_sessions as s set ended_at = clock_timestamp(), ended_by = v_by
    where s.invitation_id = v_id and s.ended_at is null;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function ops.withdraw_console_invitation is 'Takes an invitation to the console back.';
revoke all on function ops.withdraw_console_invitation from public;
grant execute on function ops.withdraw_console_invitation to service_role, ops_operator;
