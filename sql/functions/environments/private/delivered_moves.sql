-- Lists the branches that deliveries moved since the repository was last asked, with the commits, null for a deletion,
-- and who pushed. Called by moved_branches, for the record: what the repository does not confirm is not followed.
-- Locks and raises nothing.
create or replace function ops_private.delivered_moves(
    p_project ops.projects
)
returns table (branch text, sha text, pusher text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select distinct on (d.ref, d.sha)
    regexp_replace(d.ref, '^refs/heads/', '') as branch,
    case when d.sha !~ '^0+$' then d.sha end as sha,
    d.pusher
from ops.push_deliveries as d
where
    d.received_at > coalesce((p_project).heads_asked_at, '-infinity')
    and d.event = 'push' and d.ref like 'refs/heads/_%' and ops_private.speaks_for(d, p_project)
order by d.ref, d.sha, d.id desc
$$;
comment on function ops_private.delivered_moves is 'What deliveries told since a repository was last asked.';
revoke all on function ops_private.delivered_moves from public;
