-- Brings an archived project back: it accepts runs again and its branches are followed, its production runs again, and
-- the environments that archive_project took down are deployed from their branches' last seen commits.
-- Called by `ops project restore` and owners. Locks the project's row and its counter. Raises PT404 and PT403, and
-- PT409 while a restored record is not confirmed. A retry,
-- and an active project, change nothing.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.restore_project(
    p_slug text
)
returns setof ops.projects
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project ops.projects := ops_private.project_to_archive(p_slug);
    v_archived_at timestamptz := v_project.archived_at;
    v_lost record;
begin
    if v_archived_at is null then
        return next v_project;
        return;
    end if;
    v_project := ops_private.move_project(v_project.id, 'active');
    perform ops_private.move_environment(e, 'running') from ops.environments as e
    where e.project_id = v_project.id and e.stage = 'production' and e.status = 'stopped' and e.url is not null;
    for v_lost in
        select distinct on (e.name) e.name, e.stage, h.sha
        from ops.environments as e
        join ops.branch_heads as h on h.project_id = e.project_id and h.branch = e.branch
        where
            e.project_id = v_project.id and e.stage <> 'production'
            and coalesce(e.destroyed_at, 'infinity') >= v_archived_at
        order by e.name, e.generation desc
    loop
        perform ops_private.make_environment(v_project.id, v_lost.name, v_lost.stage);
        perform ops.queue_run(
            v_project.id, v_lost.name, v_lost.sha, 'refs/heads/' || v_lost.name, p_kind => 'deploy'
        );
    end loop;
    return next v_project;
end
$$;
comment on function ops.restore_project is 'Brings an archived project and its environments back.';
revoke all on function ops.restore_project from public;
grant execute on function ops.restore_project to authenticated, service_role, ops_operator;
