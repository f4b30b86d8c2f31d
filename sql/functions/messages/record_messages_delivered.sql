-- Records that claimed messages were delivered, and returns how many the claim still held; the alarm of messages that
-- cannot be delivered this way ends. Called by the sender. Locks the messages. Raises nothing. A retry changes nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_messages_delivered(
    p_ids bigint[],
    p_attempts int[]
)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_message ops.outbox;
    v_count int := 0;
begin
    for v_message in select m.* from ops_private.lock_messages(p_ids, p_attempts) as m loop
        perform ops_private.move_messages(array[v_message.id], 'delivered');
        perform ops.clear_alarm(ops_private.alarm_of_message(v_message), 'A message was delivered.');
        v_count := v_count + 1;
    end loop;
    return v_count;
end
$$;
comment on function ops.record_messages_delivered is 'Notes that messages were delivered.';
revoke all on function ops.record_messages_delivered from public;
grant execute on function ops.record_messages_delivered to service_role, ops_worker;
