-- Returns whether the caller's key, if the caller came with one, reaches this project and permission: a claim of the
-- gateway's, made of the key's row, which only narrows. Reading belongs to every scope. No project stands for the whole
-- platform, which a key of one project does not reach.
-- Called by has_permission and visible_projects. Locks and raises nothing.
create or replace function ops_private.is_within_key(
    p_project_id uuid,
    p_permission text
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key jsonb := ops.caller_claims() -> 'odooops_key';
begin
    return v_key is null or (
        coalesce((v_key ->> 'project_id')::uuid = p_project_id, v_key ->> 'project_id' is null)
        and (p_permission = 'read' or coalesce(v_key -> 'scopes' ? p_permission, false))
    );
end
$$;
comment on function ops_private.is_within_key is 'Whether the caller''s key reaches this project and permission.';
revoke all on function ops_private.is_within_key from public;
