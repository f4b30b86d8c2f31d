-- Lists the previews that run, were asked for by nobody within the policy's minutes, and have no work waiting: a
-- production, a pinned one and those of an archived project never are. Of the time before p_watched_since nobody knows.
-- Called by stop_idle_environments. Locks and raises nothing.
create or replace function ops_private.idle_environments(
    p_watched_since timestamptz,
    p_now timestamptz
)
returns setof ops.environments
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select e.* from ops.environments as e
join ops.projects as p on p.id = e.project_id and p.status = 'active'
cross join lateral (
    select (ops_private.rules_in_force(e.project_id, 'preview') ->> 'idle_minutes')::int as minutes
) as rule
where
    e.status = 'running' and e.stage <> 'production' and not e.is_pinned and not e.is_adopted
    and rule.minutes > 0 and greatest(e.last_used_at, p_watched_since) < p_now - make_interval(mins => rule.minutes)
    and not exists (
        select from ops.runs as r
        where r.environment_id = e.id and r.status in ('queued', 'claimed', 'running')
    )
order by e.last_used_at
$$;
comment on function ops_private.idle_environments is 'The previews that nobody asks for.';
revoke all on function ops_private.idle_environments from public;
