-- Brings a record that was restored from a backup into order, before anything works on it: every unfinished run ends with
-- an event that names the backup, because it may have gone on after the backup was taken; messages that wait are not sent
-- a second time; sessions of the console end. Where the environments' databases are elsewhere (p_has_databases false),
-- environments are marked as failed and without a database. Where they are still there, all but development previews are
-- stopped: the record may name a database from before a later promotion or restore. Until a person confirms the record
-- (confirm_record) no run removes or replaces anything. Decisions about orphans that were pending are forgotten, and run
-- numbers go on a thousand later, because names of databases end with them. An alarm says what was ended and stopped,
-- and what has to be rebuilt.
-- Called by `ops platform restore` as the schema's owner, while no program of the platform runs. Locks what it changes.
-- Raises PT400 without a backup. A retry, with the same backup and time, finds no run to end, and keeps the first time
-- and the alarm; another time is another backup, whatever its label.
-- Definer: it calls helpers that only the owner may execute; of roles the service role alone may call it.
create or replace function ops.settle_restored_record(
    p_backup_id text,
    p_taken_at timestamptz,
    p_has_databases boolean
)
returns table (runs int, environments int, messages int, sessions int, stopped int)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
    v_environment ops.environments;
    v_waiting bigint[];
    v_reason text;
    v_is_first boolean;
begin
    if coalesce(p_backup_id, '') = '' or p_taken_at is null or p_has_databases is null then
        raise sqlstate 'PT400' using
            message = 'A restored record has a backup, its time, and databases or none', hint = 'ops platform restore';
    end if;
    v_reason := format(
        'the control plane was restored from its backup of %s, and what this run did after that is not on record',
        to_char(p_taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
    );
    update ops.control_plane as c set restored_at = clock_timestamp(), restored_from = p_backup_id, restored_taken_at = p_taken_at
    where (c.restored_from, c.restored_taken_at) is distinct from (p_backup_id, p_taken_at);
    v_is_first := found;
    if v_is_first then
        update ops.control_plane as c set unconfirmed_since = c.restored_at, orphans_found_at = null;
        update ops.project_counters as c set last_run_number = c.last_run_number + 1000 where p_has_databases;
        delete from ops.orphans as o where o.name <> '';
    end if;
    sessions := ops.end_console_sessions(p_ended_by => 'odooops');
    select array_agg(o.id) into v_waiting from ops.outbox as o where o.status = 'waiting';
    messages := coalesce(cardinality(v_waiting), 0);
    perform ops_private.move_messages(v_waiting, 'dead', 'the control plane was restored: it may have been told before');
    runs := 0;
    for v_run in
        select r.* from ops.runs as r where r.status in ('queued', 'claimed', 'running')
        order by r.created_at, r.id
        for no key update
    loop
        if v_run.status = 'queued' then
            runs := runs + ops_private.end_queued_run(v_run.id, v_reason)::int;
        else
            runs := runs + ops_private.end_run(
                v_run.id, v_run.attempt, 'failed', null, v_reason, p_fault => 'platform'
            )::int;
        end if;
    end loop;
    environments := 0;
    stopped := 0;
    for v_environment in
        select e.* from ops.environments as e
        where e.destroyed_at is null and not e.is_adopted
        for no key update
    loop
        if not p_has_databases then
            v_environment.database_name := null;
            perform ops_private.move_environment(v_environment, 'failed');
            environments := environments + 1;
        elsif v_is_first and v_environment.stage <> 'development' and v_environment.database_name is not null then
            v_environment.wakes_on_request := false;
            perform ops_private.move_environment(v_environment, 'stopped');
            stopped := stopped + 1;
        end if;
    end loop;
    if v_is_first then
        perform ops.raise_alarm(
            'platform_restored', 'The control plane was restored from a backup',
            format(
                'Backup %s of %s. %s unfinished run(s) were ended: look at each, and ops run retry. '
                || '%s environment(s) have no database here: push their branches, then ops backup restore. '
                || '%s environment(s) beside previews are stopped: the record may name databases of before a later '
                || 'promotion or restore. Nothing is removed, replaced or deployed until a person has compared '
                || '(ops env orphans list) and confirmed the record: ops platform confirm. Then: ops env start.',
                p_backup_id, p_taken_at, runs, environments, stopped
            ),
            'critical'
        );
    end if;
    return next;
end
$$;
comment on function ops.settle_restored_record is 'Ends what a restored record has under way.';
revoke all on function ops.settle_restored_record from public;
grant execute on function ops.settle_restored_record to service_role;
