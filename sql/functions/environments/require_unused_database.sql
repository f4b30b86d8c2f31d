-- Refuses to drop a database that serves an environment, or that a restore or a promotion keeps for the way back. p_run_id and p_attempt
-- name a destroy run at work, which may drop the databases of its own environment.
-- Called by retire_database, the only way to drop a database. Locks nothing: one run at a time works on an environment,
-- and no name is used twice. Raises PT409. A retry is harmless.
-- Definer: a row that row-level security hides from the caller must protect its database too.
create or replace function ops.require_unused_database(
    p_database_name text,
    p_run_id uuid default null,
    p_attempt int default null
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_use record;
begin
    with living as (
        select e.* from ops.environments as e
        where e.destroyed_at is null and not exists (
            select from ops.runs as r
            where
                r.id = p_run_id and r.attempt = p_attempt and r.status = 'running' and r.kind = 'destroy'
                and r.environment_id = e.id
        )
    ), way_back as ( -- both sides of each swap that can be taken back, or whose way back was asked for in time
        select s.id, s.database_name, s.previous_database_name, s.keep_previous_until, e.partition_key, e.id as environment
        from ops.restores as s
        join living as e on e.id = s.environment_id
        where s.purpose = 'restore' and s.status = 'succeeded' and s.previous_database_name is not null and (
            s.keep_previous_until > clock_timestamp() or exists (
                select from ops.runs as r
                join ops.run_requests as q on q.run_id = r.id
                where r.environment_id = e.id and r.finished_at is null and q.config ->> 'undo' = s.id::text
            )
        )
        union all
        select d.id, d.database_name, d.previous_database_name, d.keep_previous_until, e.partition_key, e.id
        from ops.deployments as d
        join living as e on e.id = d.environment_id
        where d.status = 'succeeded' and d.previous_database_name is not null and (
            d.keep_previous_until > clock_timestamp() or exists (
                select from ops.deployments as k
                where k.rollback_of = d.id and k.with_data and k.status in ('pending', 'running')
            )
        )
    )
    select used.* into v_use
    from (
        select e.partition_key, null::timestamptz as kept_until from living as e
        where e.database_name = p_database_name
        union all
        select w.partition_key, w.keep_previous_until
        from way_back as w
        where p_database_name in (w.database_name, w.previous_database_name) and exists (
            -- after a later deployment the live database is none of them, and no undo is possible
            select from way_back as o
            join living as e on e.id = o.environment
            where o.environment = w.environment and e.database_name in (o.database_name, o.previous_database_name)
        )
    ) as used
    order by used.kept_until desc nulls first
    limit 1;
    if not found then
        return;
    elsif v_use.kept_until is null then
        raise sqlstate 'PT409' using
            message = format('Database %s serves %s', p_database_name, v_use.partition_key),
            hint = 'It goes when its environment has another one, or is destroyed: ops env destroy.';
    end if;
    raise sqlstate 'PT409' using
        message = format('Database %s is kept until %s, so that a restore or a promotion of %s can be undone',
            p_database_name, to_char(v_use.kept_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), v_use.partition_key),
        hint = 'Wait until then, or destroy the environment: ops env destroy.';
end
$$;
comment on function ops.require_unused_database is 'Refuses to drop a database that serves or that is kept.';
revoke all on function ops.require_unused_database from public;
grant execute on function ops.require_unused_database to service_role, ops_worker;
