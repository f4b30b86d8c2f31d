-- Returns whether a verdict of the retention policy on the environment's backups may have changed since p_since: a
-- backup came, failed or passed an age that protects it, a hold was released, or the policy was changed.
-- Called by projects_due_for_retention. Locks and raises nothing.
create or replace function ops_private.did_retention_change(
    p_project_id uuid,
    p_environment_id uuid,
    p_since timestamptz,
    p_now timestamptz
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select from ops.policies as o
        where
            o.policy_type = 'retention' and o.updated_at >= p_since
            and (o.project_id is null or o.project_id = p_project_id)
    ) or exists (
        select from ops.repository_rules as k where k.project_id = p_project_id and k.recorded_at >= p_since
    ) or exists (
        select from ops.environment_events as v
        where
            v.environment_id = p_environment_id and v.created_at >= p_since
            and v.event in ('backup_hold_released', 'backup_spoilt')
    ) or exists (
        select from ops.backups as b
        cross join lateral (
            values
            (b.created_at), (b.stored_at), (b.verified_at),
            (coalesce(b.taken_at, b.created_at)), -- of the future until then, by a wrong clock
            (coalesce(b.taken_at, b.created_at) + interval '1 day'),
            (coalesce(b.taken_at, b.created_at) + interval '2 days'),
            (case when b.label is not null then coalesce(b.taken_at, b.created_at) + interval '30 days' end)
        ) as m (moment)
        where
            b.environment_id = p_environment_id and b.status in ('verified', 'failed')
            and m.moment >= p_since and m.moment <= p_now
    );
end
$$;
comment on function ops_private.did_retention_change is 'Whether retention may decide otherwise than at its last turn.';
revoke all on function ops_private.did_retention_change from public;
