-- Lists the branches of a project whose pushes make no preview by policy preview, with the newest commit of each.
-- Called by people. Locks nothing. Raises PT404 for a project that the caller cannot see.
-- Definer: it asks the helper that decides about pushes; the caller's right to read the project is checked.
create or replace function ops.branches_without_preview(p_project_id uuid)
returns table (branch text, sha text, seen_at timestamptz)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops_private.require_permission(p_project_id, 'read');
    return query
    select h.branch, h.sha, h.seen_at from ops.branch_heads as h
    where
        h.project_id = p_project_id and ops_private.stage_of_branch(p_project_id, h.branch) = 'development'
        and not ops_private.gets_preview(p_project_id, h.branch)
    order by h.branch;
end
$$;
comment on function ops.branches_without_preview is 'The branches whose pushes make no preview.';
revoke all on function ops.branches_without_preview from public;
grant execute on function ops.branches_without_preview to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.branches_without_preview
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
