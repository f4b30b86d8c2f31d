-- Refuses values that no project may have, and besides, of who is not the platform: a repository that is no server's or
-- another project's, and a project without an owner. Called by create_project. Locks nothing. Raises PT400 and PT409.
create or replace function ops_private.refuse_project(
    p_slug text,
    p_repo_url text,
    p_workspace_key text,
    p_default_branch text,
    p_owner uuid
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fault text := ops_private.repository_address_fault(p_repo_url);
    v_other text;
begin
    if p_repo_url ~* '^(https?://[^/]*@|[a-z+]+://[^/@]*:[^/]*@)' then -- forges show addresses with a token in the place of the name
        raise sqlstate 'PT400' using
            message = 'The repository''s address holds a name or a password, which every member would see',
            hint = 'Leave it out: use an ssh key (ops project deploy-key) or a git credential of the platform''s user.';
    elsif p_workspace_key !~ '^[^[:cntrl:]]{1,200}$'
        or p_default_branch !~ '^[^-/.[:cntrl:][:space:]~^:?*[\\][^[:cntrl:][:space:]~^:?*[\\]{0,199}$' then
        raise sqlstate 'PT400' using
            message = 'No project may have this workspace key or default branch',
            hint = 'A key has at most 200 visible characters; a branch is named as git names it, such as main.';
    elsif ops.is_platform() then
        return;
    elsif v_fault is not null then
        raise sqlstate 'PT400' using
            message = format('The repository %s', v_fault),
            hint = 'Give https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH; '
            || 'others are the operator''s to name: ops project create, on the platform''s machine.';
    elsif p_owner is null then
        raise sqlstate 'PT400' using
            message = 'The project would have no owner',
            hint = 'Name its first owner by the user''s id, a UUID: who sets its members.';
    end if;
    select p.slug into v_other from ops.projects as p
    where p.slug <> p_slug and ops.normalise_repo_url(p.repo_url) = ops.normalise_repo_url(p_repo_url)
    limit 1;
    if found then
        raise sqlstate 'PT409' using
            message = format('The repository is that of project %s', v_other),
            hint = 'Its branches are environments of that project; a second project of it is the operator''s to make.';
    end if;
end
$$;
comment on function ops_private.refuse_project is 'Refuses values that no project may have, or no stranger may give.';
revoke all on function ops_private.refuse_project from public;
