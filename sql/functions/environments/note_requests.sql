-- Notes when environments were last asked for: p_asked holds the seconds since 1970 by host label, as the router tells
-- them. A name that no environment has, a time to come and one before the noted one change nothing; nor does a row that
-- somebody else changes now: the next call notes it. Returns how many were noted. Called by schedule idle_previews
-- before it asks what is idle. Locks the rows that it changes. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.note_requests(
    p_asked jsonb
)
returns int
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
with asked as (
    select a.key as host_label, to_timestamp((a.value #>> '{}')::double precision) as asked_at
    from jsonb_each(case when jsonb_typeof(p_asked) = 'object' then p_asked else '{}' end) as a
    where jsonb_typeof(a.value) = 'number'
), later as materialized (
    select e.id, least(a.asked_at, clock_timestamp()) as asked_at
    from asked as a
    join ops.environments as e on e.host_label = a.host_label and e.destroyed_at is null
    where a.asked_at > e.last_used_at
    order by e.id
    for no key update of e skip locked
), noted as (
    update ops.environments as e set last_used_at = greatest(e.last_used_at, l.asked_at)
    from later as l
    where e.id = l.id
    returning e.id
)
select count(*)::int from noted
$$;
comment on function ops.note_requests is 'Notes when environments were last asked for.';
revoke all on function ops.note_requests from public;
grant execute on function ops.note_requests to service_role, ops_worker;
