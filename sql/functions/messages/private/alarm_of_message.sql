-- Returns the key of the alarm that is open while messages like this one cannot be delivered: one for each project's
-- forge, and one for each other recipient. Raises nothing.
create or replace function ops_private.alarm_of_message(p_message ops.outbox)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select format(
    'outbox:%s:%s', (p_message).channel,
    case (p_message).channel when 'forge' then (p_message).project_id::text else (p_message).recipient end
)
$$;
comment on function ops_private.alarm_of_message is 'The key of the alarm of undelivered messages.';
revoke all on function ops_private.alarm_of_message from public;
