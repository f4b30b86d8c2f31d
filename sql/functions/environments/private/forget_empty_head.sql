-- Deletes the head of a branch whose environment is gone, so that a push that creates the branch again gets a new
-- environment, even with the same commit. Locks the head's row. A retry finds nothing to delete.
create or replace function ops_private.forget_empty_head(
    p_project_id uuid,
    p_branch text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from ops.branch_heads as h
    where
        h.project_id = p_project_id and h.branch = p_branch
        and not exists (
            select from ops.environments as e
            where e.project_id = p_project_id and e.name = p_branch and e.destroyed_at is null
        );
end
$$;
comment on function ops_private.forget_empty_head is 'Forgets the head of a branch whose environment is gone.';
revoke all on function ops_private.forget_empty_head from public;
