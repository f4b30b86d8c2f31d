-- Returns the answer to the sender for an error while an event was carried out; null if the error is not the sender's
-- fault, such as a deadlock. Locks and raises nothing.
create or replace function ops_private.refusal_of_event(
    p_state text,
    p_message text,
    p_field text,
    p_hint text
)
returns jsonb
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object(
    'http_status', case s.code when 404 then 409 else s.code end, 'status', 'rejected', 'message', p_message,
    'field', p_field, 'hint', p_hint, 'ids', '{}'::jsonb
)
from (
    select case
        when p_state ~ '^PT4\d\d$' then right(p_state, 3)::int
        when p_state = '42501' then 403
        when p_state in ('23503', '23505') then 409
        when p_state ~ '^(22|23)' then 400
    end as code
) as s
where s.code is not null
$$;
comment on function ops_private.refusal_of_event is 'The answer to who sent an event that was refused.';
revoke all on function ops_private.refusal_of_event from public;
