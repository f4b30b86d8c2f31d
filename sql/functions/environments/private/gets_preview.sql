-- Returns whether a push of a development branch is deployed: its preview is there and stays, or policy preview lists the branch.
-- Called by update_branch_head and branches_without_preview. Locks and raises nothing.
create or replace function ops_private.gets_preview(
    p_project_id uuid,
    p_branch text
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.environments as e
    where
        e.project_id = p_project_id and e.name = p_branch and e.destroyed_at is null
        and not exists (
            select from ops.runs as r
            where r.environment_id = e.id and r.kind = 'destroy' and r.status in ('queued', 'claimed', 'running')
        )
) or ops.matches_pattern(p_branch, ops_private.rules_in_force(p_project_id, 'preview') -> 'branches')
$$;
comment on function ops_private.gets_preview is 'Whether a push of a development branch is deployed.';
revoke all on function ops_private.gets_preview from public;
