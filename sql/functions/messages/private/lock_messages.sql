-- Returns the messages that still wait at these attempts, locked in their order: a sender whose claim was given to
-- another one writes nothing. p_attempts has one entry for each of p_ids. Raises nothing.
create or replace function ops_private.lock_messages(
    p_ids bigint[],
    p_attempts int[]
)
returns setof ops.outbox
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
select o.* from ops.outbox as o
where
    o.id = any (p_ids) and o.status = 'waiting' and o.lease_expires_at is not null
    and o.attempts = p_attempts[array_position(p_ids, o.id)]
order by o.id
for no key update
$$;
comment on function ops_private.lock_messages is 'The messages that a claim still holds.';
revoke all on function ops_private.lock_messages from public;
