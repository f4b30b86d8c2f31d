-- Lists the active projects whose repository was not polled for that long, with or without success, and those whose
-- repository a delivery named, even if they are not polled: at once, but not sooner after a failure. Called by the
-- github_pushes sensor. Locks and raises nothing.
create or replace function ops.projects_to_poll(
    p_older_than_seconds int,
    p_now timestamptz default clock_timestamp()
)
returns setof ops.projects
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_due timestamptz := p_now - make_interval(secs => p_older_than_seconds);
begin
    return query
    select p.* from ops.projects as p
    where
        not ops.is_unconfirmed() and p.status = 'active' and coalesce(p.poll_failed_at, '-infinity') <= v_due
        and (p.notified_at is not null or (p.poll_enabled and coalesce(p.last_polled_at, '-infinity') <= v_due))
    order by p.notified_at nulls last, greatest(p.last_polled_at, p.poll_failed_at) nulls first;
end
$$;
comment on function ops.projects_to_poll is 'The projects whose branches are due to be looked at.';
revoke all on function ops.projects_to_poll from public;
grant execute on function ops.projects_to_poll to service_role, ops_worker;
