-- Queues the night's standing previews that are not queued yet: where policy promotion.standing_previews asks for them
-- and the upgrade workflow is enabled, one of the newest release that production does not have and that was not
-- previewed on a newer backup than it has now, with what the workflow gives its runs.
-- Returns the release of each, or why it was refused; after a second it stops, and the next call continues.
-- Called by the schedule standing_previews. Locks as queue_run does. Raises nothing: a refusal of one production (PT400,
-- PT403, PT404, PT409, PT503) is returned with it and stops no other. A retry queues nothing twice.
-- Definer: the worker may not queue runs itself.
create or replace function ops.queue_due_previews(
    p_now timestamptz,
    p_time_zone text,
    p_from_hour int default 5
)
returns table (partition_key text, version text, refusal text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_local timestamp := p_now at time zone p_time_zone;
    v_due record;
    v_workflow ops.workflows;
begin
    if extract(hour from v_local) < p_from_hour or ops.is_unconfirmed() then
        return; -- that night's backup is still being made
    end if;
    for v_due in
        select p.partition_key, p.project_id, p.environment_id, p.name, p.branch, r.version, r.image_digest,
            ops_private.project_git_sha(r) as git_sha, k.key
        from ops.v_productions as p
        join ops.environments as e on e.id = p.environment_id
        cross join lateral (
            select n.* from ops.releases as n
            where n.project_id = p.project_id and n.status in ('candidate', 'staging')
            order by n.created_at desc
            limit 1
        ) as r
        cross join lateral (
            select format(
                'platform:preview:%s:%s:%s', p.environment_id, r.image_digest, to_char(v_local, 'YYYY-MM-DD')
            ) as key
        ) as k
        where
            p.is_active and p.is_default_branch and p.verified_backup_id is not null
            and (ops_private.rules_in_force(p.project_id, 'promotion') ->> 'standing_previews')::boolean
            and r.image_digest is distinct from e.image_digest
            and not exists (
                select from ops.upgrade_previews as u
                where u.project_id = p.project_id and u.image_digest = r.image_digest
                    and u.backup_id = p.verified_backup_id
            )
            and not exists ( -- asked for this night, perhaps with another config: the key alone would be refused then
                select from ops.run_requests as q
                where q.project_id = p.project_id and q.idempotency_key = k.key
            )
        order by p.partition_key
    loop
        exit when clock_timestamp() > statement_timestamp() + interval '1 second';
        v_workflow := ops_private.workflow_of(v_due.project_id, 'upgrade', v_due.branch);
        continue when not v_workflow.is_enabled;
        partition_key := v_due.partition_key;
        version := v_due.version;
        refusal := null;
        begin
            perform ops_private.queue_by_workflow(
                v_workflow, v_due.name, v_due.git_sha, 'refs/heads/' || v_due.branch, 'schedule',
                'schedule standing_previews', v_due.key
            );
        exception
            when sqlstate 'PT400' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT503' then
                refusal := sqlerrm;
        end;
        return next;
    end loop;
end
$$;
comment on function ops.queue_due_previews is 'Queues the night''s standing previews that are not queued yet.';
revoke all on function ops.queue_due_previews from public;
grant execute on function ops.queue_due_previews to service_role, ops_worker;
