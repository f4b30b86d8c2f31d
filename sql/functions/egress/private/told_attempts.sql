-- Reads attempts as ops.record_egress gets them, one row for each thing that was tried; all in one row, with
-- destination *, if p_in_one. What an environment's program says of itself is cut to its length. Locks nothing. Raises
-- what a text that is no number or time raises.
create or replace function ops_private.told_attempts(
    p_attempts jsonb,
    p_in_one boolean
)
returns table (
    destination text,
    address inet,
    port int,
    protocol text,
    module text,
    cron text,
    attempts int,
    first_at timestamptz,
    last_at timestamptz,
    reason text,
    bytes_out bigint,
    bytes_in bigint
)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    t.destination, min(t.address), t.port, t.protocol, t.module, t.cron, sum(t.attempts)::int, min(t.first_at),
    max(t.last_at), max(t.reason), sum(t.bytes_out)::bigint, sum(t.bytes_in)::bigint
from jsonb_array_elements(p_attempts) as told (attempt)
cross join lateral (
    select
        case when p_in_one then '*' else left(told.attempt ->> 'destination', 255) end as destination,
        case when not p_in_one then (told.attempt ->> 'address')::inet end as address,
        case when not p_in_one then (told.attempt ->> 'port')::int end as port,
        case when p_in_one then 'tcp' else told.attempt ->> 'protocol' end as protocol,
        case when not p_in_one then left(told.attempt ->> 'module', 100) end as module,
        case when not p_in_one then left(told.attempt ->> 'cron', 200) end as cron,
        (told.attempt ->> 'attempts')::int as attempts,
        (told.attempt ->> 'first_at')::timestamptz as first_at,
        (told.attempt ->> 'last_at')::timestamptz as last_at,
        left(told.attempt ->> 'reason', 200) as reason,
        coalesce((told.attempt ->> 'bytes_out')::bigint, 0) as bytes_out,
        coalesce((told.attempt ->> 'bytes_in')::bigint, 0) as bytes_in
) as t
group by t.destination, t.port, t.protocol, t.module, t.cron
$$;
comment on function ops_private.told_attempts is 'The attempts that a catcher counted, as rows.';
revoke all on function ops_private.told_attempts from public;
