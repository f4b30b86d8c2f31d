-- Acts on one stored push in every project of its repository. A push that was overtaken is stale: a later one started
-- from
-- its commit, or, for a deletion, the branch has moved on from the commit that was deleted.
-- Called by apply_pushes. Locks the projects' rows.
create or replace function ops.apply_delivery(
    p_delivery ops.push_deliveries
)
returns table (outcome text, run_id uuid)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project ops.projects;
    v_branch text := regexp_replace((p_delivery).ref, '^refs/heads/', '');
    v_head text;
begin
    for v_project in
        select p.* from ops.projects as p
        where
            p.status = 'active'
            and ops.normalise_repo_url(p.repo_url) = ops.normalise_repo_url((p_delivery).repo_url)
        order by p.created_at
    loop
        perform from ops.projects as p where p.id = v_project.id for no key update;
        select h.sha into v_head from ops.branch_heads as h
        where h.project_id = v_project.id and h.branch = v_branch;
        if v_head is distinct from (p_delivery).previous_sha and exists (
            select from ops.push_deliveries as d
            where
                d.ref = (p_delivery).ref and d.processed_at is not null
                and ops.normalise_repo_url(d.repo_url) = ops.normalise_repo_url((p_delivery).repo_url)
                and d.received_at > (p_delivery).received_at - interval '1 day'
                and case
                    when (p_delivery).sha ~ '^0+$' then d.sha = (p_delivery).previous_sha and v_head is not null
                    else d.previous_sha = (p_delivery).sha and d.sha <> (p_delivery).sha
                end
        ) then
            outcome := 'stale';
            run_id := null;
            return next;
        else
            return query
            select m.outcome, m.run_id
            from ops.move_branch(
                v_project.id, v_branch, (p_delivery).sha, 'push', (p_delivery).pusher
            ) as m;
        end if;
    end loop;
end
$$;
comment on function ops.apply_delivery is 'Acts on one stored push.';
revoke all on function ops.apply_delivery from public;
