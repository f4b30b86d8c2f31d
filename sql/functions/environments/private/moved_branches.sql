-- Lists the branches whose head an answer, {branch: commit}, moves: null for the commit of a deletion, and whether a
-- delivery told of it, and who pushed. A branch whose environment is gone also moves if somebody pushed the commit
-- that it had. Of a project that is not polled only branches that a delivery named count.
-- Called by record_branch_heads. Locks and raises nothing.
create or replace function ops_private.moved_branches(
    p_project ops.projects,
    p_heads jsonb
)
returns table (branch text, sha text, is_delivered boolean, pusher text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select m.branch, m.sha, t.branch is not null, t.pusher
from (
    select coalesce(h.branch, a.key) as branch, h.branch is not null as is_known, h.sha as old_sha, a.value as sha
    from (select b.branch, b.sha from ops.branch_heads as b where b.project_id = (p_project).id) as h
    full join jsonb_each_text(p_heads) as a on a.key = h.branch
) as m
left join ops_private.delivered_moves(p_project) as t on t.branch = m.branch and t.sha is not distinct from m.sha
where
    (
        m.old_sha is distinct from m.sha
        or (t.branch is not null and not exists (
            select from ops.environments as e
            where e.project_id = (p_project).id and e.name = m.branch and e.destroyed_at is null
        ))
    )
    and ((p_project).poll_enabled or m.is_known or ops_private.was_told_of(p_project, m.branch))
order by m.branch
$$;
comment on function ops_private.moved_branches is 'The branches that an answer of a repository moves.';
revoke all on function ops_private.moved_branches from public;
