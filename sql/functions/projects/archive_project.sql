-- Archives a project: cancels its queued runs, accepts no new ones, stops polling its branches, and takes its environments
-- down. Previews and stagings are destroyed; production is stopped and keeps its data. restore_project brings them back.
-- Called by `ops project archive` and owners. Locks the project's row and its counter. Raises PT404 and PT403, and
-- PT409 while a restored record is not confirmed. A retry
-- is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.archive_project(
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
    v_run_id uuid;
    v_environment ops.environments;
begin
    v_project := ops_private.move_project(v_project.id, 'archived');
    for v_run_id in
        select r.id from ops.runs as r
        where
            r.project_id = v_project.id and r.status = 'queued'
            and r.kind <> all (array(select k.kind from ops.run_kinds() as k where k.effect = 'remove'))
    loop
        perform ops_private.end_queued_run(v_run_id, 'the project was archived');
    end loop;
    for v_environment in
        select e.* from ops.environments as e
        where e.project_id = v_project.id and e.destroyed_at is null
        order by e.name
    loop
        perform ops_private.take_down(v_environment);
    end loop;
    return next v_project;
end
$$;
comment on function ops.archive_project is 'Archives a project and takes its environments down.';
revoke all on function ops.archive_project from public;
grant execute on function ops.archive_project to authenticated, service_role, ops_operator;
