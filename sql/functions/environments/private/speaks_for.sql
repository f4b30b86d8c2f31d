-- Returns whether a delivery may speak for a project: it names the project's repository and was signed with the
-- project's secret, or with the platform's before the project had a secret of its own. Locks and raises nothing.
create or replace function ops_private.speaks_for(
    p_delivery ops.push_deliveries,
    p_project ops.projects
)
returns boolean
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return ops.normalise_repo_url((p_delivery).repo_url) = ops.normalise_repo_url((p_project).repo_url)
        and case
            when (p_delivery).project_id is not null then (p_delivery).project_id = (p_project).id
            else coalesce((p_delivery).received_at < (p_project).own_webhook_at, true)
        end;
end
$$;
comment on function ops_private.speaks_for is 'Whether a delivery may speak for a project.';
revoke all on function ops_private.speaks_for from public;
