-- Fails the run's unfinished data work: a backup that was not verified, and a restore, a drill or a rehearsal at work, so that
-- nothing stays at work for an ended run. Called by settle_end. Locks their rows.
-- A retry finds nothing to end.
create or replace function ops_private.end_data_work(
    p_run_id uuid,
    p_reason text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason text := 'the run ended' || coalesce(': ' || nullif(p_reason, ''), '');
    v_backup ops.backups;
    v_restore ops.restores;
begin
    for v_backup in
        select b.* from ops.backups as b
        where b.run_id = p_run_id and b.status in ('pending', 'running', 'stored')
        for no key update
    loop
        v_backup.error_message := format('Not verified when %s', v_reason);
        perform ops_private.move_backup(v_backup, 'failed');
    end loop;
    for v_restore in
        select s.* from ops.restores as s
        where s.run_id = p_run_id and s.status in ('pending', 'running')
        for no key update
    loop
        v_restore.error_message := format('Unfinished when %s', v_reason);
        perform ops_private.move_restore(v_restore, 'failed');
    end loop;
    update ops.recovery_drills as d
    set finished_at = clock_timestamp(), passed = false, summary = format('Unfinished when %s', v_reason)
    where d.run_id = p_run_id and d.finished_at is null;
    update ops.rehearsals as h
    set finished_at = clock_timestamp(), passed = false, summary = format('Unfinished when %s', v_reason)
    where h.run_id = p_run_id and h.finished_at is null;
end
$$;
comment on function ops_private.end_data_work is 'Ends what a run left unfinished of backups and restores.';
revoke all on function ops_private.end_data_work from public;
