-- Records why claimed messages could not be delivered, and returns how many the claim still held. They are tried again
-- after 15 seconds, then twice as long each time up to an hour, and not before p_wait_seconds; a message that failed 30
-- times, a day at least, or that nothing can deliver (p_is_final), is dead and opens an alarm.
-- Called by the sender. Locks the messages. Raises nothing. A retry changes nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_messages_failed(
    p_ids bigint[],
    p_attempts int[],
    p_error text,
    p_wait_seconds int default 0,
    p_is_final boolean default false
)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_message ops.outbox;
    v_is_dead boolean;
    v_count int := 0;
begin
    for v_message in select m.* from ops_private.lock_messages(p_ids, p_attempts) as m loop
        v_is_dead := p_is_final or v_message.tries >= 29;
        perform ops_private.move_messages(
            array[v_message.id], case when v_is_dead then 'dead' else 'waiting' end::ops.message_status,
            p_error => left(p_error, 500), p_tries => v_message.tries + 1,
            p_next_at => v_now + make_interval(
                secs => greatest(coalesce(p_wait_seconds, 0), least(3600, 15 * 2 ^ least(v_message.tries, 10)))
            )
        );
        if v_is_dead then
            perform ops.raise_alarm(
                ops_private.alarm_of_message(v_message),
                case v_message.channel
                    when 'forge' then 'The project''s forge cannot be told'
                    else format('Messages to %s cannot be delivered', v_message.recipient)
                end,
                format('The last one: %s. Next: ops outbox list, then ops outbox retry.', left(p_error, 500)),
                p_project_id => v_message.project_id
            );
        end if;
        v_count := v_count + 1;
    end loop;
    return v_count;
end
$$;
comment on function ops.record_messages_failed is 'Notes why messages could not be delivered.';
revoke all on function ops.record_messages_failed from public;
grant execute on function ops.record_messages_failed to service_role, ops_worker;
