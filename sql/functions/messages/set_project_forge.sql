-- Sets the forge to which a project's results are told from now on, and makes what waits for it due; without p_forge the
-- project has none any longer, and what waits is dropped with it. The token is a file of the platform.
-- Called by `ops forge token`. Locks the project's row. Raises PT404 and PT400. A retry changes nothing.
-- Definer: nobody may write forges directly; only operators and the service role may execute this.
create or replace function ops.set_project_forge(
    p_slug text,
    p_forge text default null,
    p_api_url text default null,
    p_repository text default null,
    p_set_by text default null,
    p_uses_app boolean default false
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
begin
    select p.id into v_project_id from ops.projects as p where p.slug = p_slug for no key update;
    if not found then
        raise sqlstate 'PT404' using message = 'There is no such project', hint = 'List them: ops project list.';
    elsif p_forge is null then
        delete from ops.project_forges as f where f.project_id = v_project_id;
        delete from ops.outbox as o
        where o.project_id = v_project_id and o.channel = 'forge' and o.status in ('waiting', 'dead');
        return v_project_id;
    end if;
    insert into ops.project_forges (project_id, forge, api_url, repository, set_by, uses_app)
    values (
        v_project_id, p_forge, p_api_url, p_repository, coalesce(p_set_by, ops.caller_id(), ops.caller_role()),
        coalesce(p_uses_app, false)
    )
    on conflict (project_id) do update
    set forge = excluded.forge, api_url = excluded.api_url, repository = excluded.repository,
        set_by = excluded.set_by, uses_app = excluded.uses_app, set_at = clock_timestamp();
    perform ops.retry_messages(v_project_id, 'forge');
    return v_project_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No project may have this forge', detail = sqlerrm,
        hint = 'The API is https://, or http:// on this machine; a repository is owner/name; only GitHub has Apps.';
end
$$;
comment on function ops.set_project_forge is 'Sets the forge of a project.';
revoke all on function ops.set_project_forge from public;
grant execute on function ops.set_project_forge to service_role, ops_operator;
