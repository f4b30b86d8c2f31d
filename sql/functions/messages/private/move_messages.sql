-- Moves messages to a state, and ends the claim on them: the only writer of a message's state. What ends has its time; what
-- waits again is due at p_next_at. p_error is why the last try failed, p_tries how many failed. Called by functions that
-- locked the messages. Raises nothing.
create or replace function ops_private.move_messages(
    p_ids bigint[],
    p_to ops.message_status,
    p_error text default null,
    p_tries int default 0,
    p_next_at timestamptz default null
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
update ops.outbox as o
set status = p_to, ended_at = case when p_to <> 'waiting' then clock_timestamp() end, lease_expires_at = null,
    next_at = coalesce(p_next_at, o.next_at), last_error = p_error, tries = p_tries
where o.id = any (p_ids)
$$;
comment on function ops_private.move_messages is 'Moves messages to a state.';
revoke all on function ops_private.move_messages from public;
