-- Applies one stored push to every project of its repository. A push older than the known head is stale and
-- changes nothing; if it is unclear which of the two is newer, the project's repository is polled next.
-- Locks the projects' rows and their counters.
create or replace function ops_private.apply_delivery(
    p_delivery ops.push_deliveries
)
returns table (outcome text, run_id uuid)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_project ops.projects;
    v_branch text := regexp_replace((p_delivery).ref, '^refs/heads/', '');
    v_head text;
    v_push record;
begin
    for v_project in
        select p.* from ops.projects as p
        where
            p.status = 'active'
            and ops.normalise_repo_url(p.repo_url) = ops.normalise_repo_url((p_delivery).repo_url)
        order by p.created_at
    loop
        perform ops_private.lock_project(v_project.id);
        select h.sha into v_head from ops.branch_heads as h
        where h.project_id = v_project.id and h.branch = v_branch;
        select j.* into v_push from ops_private.judge_delivery(p_delivery, v_head) as j;
        if v_push.is_doubtful then
            update ops.projects as p set doubted_at = clock_timestamp() where p.id = v_project.id;
        end if;
        if v_push.is_overtaken then
            return query values ('stale', null::uuid);
            continue;
        elsif (p_delivery).previous_sha ~ '^0+$' then
            perform ops_private.forget_empty_head(v_project.id, v_branch);
        end if;
        return query
        select m.outcome, m.run_id
        from ops_private.update_branch_head(v_project.id, v_branch, (p_delivery).sha, 'push', (p_delivery).pusher) as m;
    end loop;
end
$$;
comment on function ops_private.apply_delivery is 'Acts on one stored push.';
revoke all on function ops_private.apply_delivery from public;
