-- Confirms a record that came from a backup: from now on runs remove, replace and deploy again. Its alarm is closed.
-- Called by `ops platform confirm`. Locks the one row. Raises PT400 without a person. Returns false if nothing waited: a
-- retry changes nothing.
-- Definer: nobody may write the control plane's row directly.
create or replace function ops.confirm_record(
    p_confirmed_by text default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_by text := coalesce(p_confirmed_by, ops.caller_id(), ops.caller_role());
begin
    if coalesce(v_by, '') = '' then
        raise sqlstate 'PT400' using
            message = 'A record is confirmed by a person', hint = 'ops platform confirm';
    end if;
    update ops.control_plane as c
    set unconfirmed_since = null, confirmed_at = clock_timestamp(), confirmed_by = v_by, confirmed_rounds = c.rounds
    where c.unconfirmed_since is not null;
    if not found then
        return false;
    end if;
    perform ops.clear_alarm('platform_restored', format('%s confirmed the record', v_by));
    return true;
end
$$;
comment on function ops.confirm_record is 'Confirms a record that came from a backup.';
revoke all on function ops.confirm_record from public;
grant execute on function ops.confirm_record to service_role, ops_operator;
