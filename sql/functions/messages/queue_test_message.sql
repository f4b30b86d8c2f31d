-- Writes a message to a recipient that tells nothing but that messages arrive, and returns its id. Called by
-- `ops notify test`. Raises PT400 for a channel or recipient that no rule may have. Each call writes one.
-- Definer: nobody may write messages directly; only operators and the service role may execute this.
create or replace function ops.queue_test_message(
    p_channel text,
    p_recipient text
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id bigint;
begin
    if not coalesce(p_channel in ('mail', 'webhook', 'apprise') and p_recipient <> '', false) then
        raise sqlstate 'PT400' using
            message = 'A test goes to a recipient by mail, webhook or apprise', hint = 'ops notify test mail ADDRESS';
    end if;
    insert into ops.outbox (channel, recipient, kind, subject, state, cause, payload)
    values (
        p_channel, p_recipient, 'test', 'test:' || gen_random_uuid(), 'told', '',
        '{"title": "A test of notifications", "text": "Messages of OdooOps arrive here."}'
    )
    returning id into v_id;
    return v_id;
end
$$;
comment on function ops.queue_test_message is 'Writes a test message.';
revoke all on function ops.queue_test_message from public;
grant execute on function ops.queue_test_message to service_role, ops_operator;
