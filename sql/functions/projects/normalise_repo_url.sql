-- Returns one spelling for all addresses of a repository: it unifies scheme, user, usual ports, ssh's short form,
-- letter case (forges ignore it), .git and slashes at the end.
-- Called when a push looks for its project. Locks and raises nothing.
create or replace function ops.normalise_repo_url(
    p_url text
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_url ~ '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/]+/' and p_url !~* '^file:' then
        lower(
            regexp_replace(p_url, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^@/]*@)?([^/]+?)(?::(?:22|80|443|9418))?/.*$', '\1')
            || '/' || regexp_replace(regexp_replace(p_url, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/]+/+', ''), '/*(\.git)?/*$', '')
        )
    when p_url ~ '^([^/@]+@)?[^/:]+:' and p_url !~* '^file:' then
        lower(
            regexp_replace(p_url, '^(?:[^/@]+@)?([^:]+):.*$', '\1')
            || '/' || regexp_replace(regexp_replace(p_url, '^[^:]+:/*', ''), '/*(\.git)?/*$', '')
        )
    else regexp_replace(regexp_replace(p_url, '^file://(localhost)?', '', 'i'), '/*(\.git)?/*$', '')
end
$$;
comment on function ops.normalise_repo_url is 'One spelling for all addresses of a repository.';
revoke all on function ops.normalise_repo_url from public;
grant execute on function ops.normalise_repo_url to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.normalise_repo_url
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
