-- Applies one stored push to every project for which it speaks. A push of a branch makes the project due to be asked for
-- its branches and changes nothing else: what runs is what the repository answers. A push of a tag queues its build,
-- which fails unless the repository has the tag at that commit. A pull request is told again what its branch was told
-- last. Locks the projects' rows and their counters.
create or replace function ops_private.apply_delivery(
    p_delivery ops.push_deliveries
)
returns text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project ops.projects;
    v_outcome text := 'unknown_project';
begin
    for v_project in
        select p.* from ops.projects as p
        where p.status = 'active' and ops_private.speaks_for(p_delivery, p)
        order by p.created_at
    loop
        perform ops_private.lock_project(v_project.id);
        if (p_delivery).ref like 'refs/tags/%' then
            v_outcome := ops_private.apply_tag(v_project, p_delivery);
        else
            update ops.projects as p set notified_at = clock_timestamp() where p.id = v_project.id;
            if (p_delivery).event = 'pull_request' then
                perform ops_private.repeat_pull_comment(
                    v_project.id, substr((p_delivery).ref, 12), 'delivery:' || (p_delivery).id
                );
            end if;
            v_outcome := 'due';
        end if;
    end loop;
    return v_outcome;
end
$$;
comment on function ops_private.apply_delivery is 'Acts on one stored push.';
revoke all on function ops_private.apply_delivery from public;
