-- Returns whether the artifact expiry has something to do: condemned artifacts, expired ones, or old uploads, which only
-- the store knows and which are looked for once a day. p_last_at is the start of the last expiry that succeeded. An
-- expired artifact whose object others need counts as well; the expiry leaves it alone.
-- Called by the schedule artifact_expiry. While the record waits for a person nothing is removed. Locks and raises nothing.
create or replace function ops.artifact_expiry_is_due(
    p_now timestamptz,
    p_last_at timestamptz
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with kept as materialized (
    select p.id, p_now - make_interval(days => (ops.policy(p.id, 'ttl') ->> 'artifact_days')::int) as since
    from ops.projects as p
)
select
    not ops.is_unconfirmed() and (
        p_last_at is null or p_last_at <= p_now - interval '1 day'
        or exists (select from ops.run_artifacts as a where a.condemned_at is not null)
        or exists (select from ops.run_artifacts as a where a.expires_at < p_now)
        or exists (
            select from kept as k
            join ops.run_requests as q on q.project_id = k.id
            join ops.run_artifacts as a on a.run_id = q.run_id
            where a.expires_at is null and a.created_at < k.since
        )
    )
$$;
comment on function ops.artifact_expiry_is_due is 'Whether artifacts are past their time.';
revoke all on function ops.artifact_expiry_is_due from public;
grant execute on function ops.artifact_expiry_is_due to service_role, ops_worker;
