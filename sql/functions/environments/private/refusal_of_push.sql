-- Returns why no project follows pushes to a repository that were signed with one project's secret, or with the
-- platform's: unknown_project, own_secret, or null if there is one. Called by receive_push. Locks and raises nothing.
create or replace function ops_private.refusal_of_push(
    p_repo_url text,
    p_project_id uuid
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when count(*) = 0 then 'unknown_project'
    when p_project_id is null and bool_and(p.own_webhook_at is not null) then 'own_secret'
end
from ops.projects as p
where
    p.status = 'active' and ops.normalise_repo_url(p.repo_url) = ops.normalise_repo_url(p_repo_url)
    and (p_project_id is null or p.id = p_project_id)
$$;
comment on function ops_private.refusal_of_push is 'Why nobody follows a push.';
revoke all on function ops_private.refusal_of_push from public;
