-- Lists the mails of an environment beyond its newest 200, or beyond its newest of 64 MiB together. Called by
-- record_mail. Locks and raises nothing.
create or replace function ops_private.mails_beyond(p_environment_id uuid)
returns setof uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select newest.id
from (
    select
        m.id,
        row_number() over (order by m.received_at desc, m.id) as place,
        sum(m.size_bytes) over (order by m.received_at desc, m.id) as size_bytes
    from ops.mails as m
    where m.environment_id = p_environment_id
) as newest
where newest.place > 200 or newest.size_bytes > 64 * 1024 * 1024
$$;
comment on function ops_private.mails_beyond is 'The mails for which an environment has no room.';
revoke all on function ops_private.mails_beyond from public;
