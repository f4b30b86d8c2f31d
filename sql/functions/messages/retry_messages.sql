-- Makes messages due now that wait for their next try or are dead, of one project, one channel, or all, and returns how
-- many. Those of every project are the platform's to send. Called by admins, by `ops outbox retry`, and when a forge is
-- set anew. Locks the messages. Raises PT404 and PT403. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.retry_messages(
    p_project_id uuid default null,
    p_channel text default null
)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_ids bigint[];
begin
    if p_project_id is not null then
        perform ops_private.require_permission(p_project_id, 'manage');
    elsif not ops.is_platform() then
        raise sqlstate 'PT403' using
            message = 'You may not send the messages of all projects', hint = 'Name a project that you administer.';
    end if;
    v_ids := array(
        select o.id from ops.outbox as o
        where
            o.status in ('waiting', 'dead') and o.lease_expires_at is null
            and (p_project_id is null or o.project_id = p_project_id)
            and (p_channel is null or o.channel = p_channel)
        order by o.id
        for no key update
    );
    perform ops_private.move_messages(v_ids, 'waiting', p_next_at => clock_timestamp());
    return cardinality(v_ids);
end
$$;
comment on function ops.retry_messages is 'Makes undelivered messages due now.';
revoke all on function ops.retry_messages from public;
grant execute on function ops.retry_messages to authenticated, service_role, ops_operator;
