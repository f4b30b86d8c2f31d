-- Gives a worker the messages that are due, oldest first, each under a lease and with its next attempt, which is the
-- fencing token. Of the messages to a forge about one subject only the newest is sent: older ones are superseded. One of
-- a subject, and one mail to a person, is sent at a time; a person gets the next mail p_digest_seconds after the last,
-- and in it all that came meanwhile.
-- Called by the sensor outbox. Locks the messages that it takes, and the control plane's row: one caller at a time. Raises PT400 for a worker
-- without a name. If the answer is lost, the messages are due again when the lease ends.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.claim_messages(
    p_worker_id text,
    p_limit int default 50,
    p_lease_seconds int default 60,
    p_digest_seconds int default 600
)
returns setof ops.outbox
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    if coalesce(p_worker_id, '') = '' or coalesce(p_lease_seconds, 0) <= 0 then
        raise sqlstate 'PT400' using
            message = 'A claim needs a worker''s name and a lease of at least one second',
            hint = 'Name the worker: select * from ops.claim_messages(p_worker_id => ''worker-1'').';
    elsif not exists (select from ops.outbox as o where o.status = 'waiting' and o.next_at <= v_now) then
        return; -- the usual case, answered by an index
    end if;
    perform c.id from ops.control_plane as c for no key update; -- two at once would take two messages of one subject
    perform ops_private.move_messages(array(
        select o.id from ops.outbox as o
        where
            o.status = 'waiting' and o.channel = 'forge' and coalesce(o.lease_expires_at < v_now, true)
            and exists (
                select from ops.outbox as n
                where n.channel = o.channel and n.recipient = o.recipient and n.subject = o.subject and n.id > o.id
            )
        for no key update
    ), 'superseded');
    return query
    with due as (
        select o.id from ops.outbox as o
        where
            o.status = 'waiting' and o.next_at <= v_now and coalesce(o.lease_expires_at < v_now, true)
            and not exists (
                select from ops.outbox as s
                where
                    s.status = 'waiting' and s.lease_expires_at >= v_now and s.channel = o.channel
                    and s.recipient = o.recipient and (s.subject = o.subject or o.channel = 'mail')
            )
            and (o.channel <> 'mail' or not exists (
                select from ops.outbox as m
                where
                    m.channel = 'mail' and m.status = 'delivered' and m.recipient = o.recipient
                    and m.ended_at > v_now - make_interval(secs => p_digest_seconds)
            ))
        order by o.id
        limit greatest(p_limit, 0)
        for no key update
    )
    update ops.outbox as o
    set attempts = o.attempts + 1, claimed_by = p_worker_id, lease_expires_at = v_now + make_interval(secs => p_lease_seconds)
    from due
    where o.id = due.id
    returning o.*;
end
$$;
comment on function ops.claim_messages is 'Claimed messages, each under a lease that ends by itself.';
revoke all on function ops.claim_messages from public;
grant execute on function ops.claim_messages to service_role, ops_worker;
