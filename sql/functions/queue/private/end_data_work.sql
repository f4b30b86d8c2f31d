-- Fails the run's unfinished data work: a backup that was not verified, and a restore or a drill at work, so that
-- nothing stays at work for an ended run. Called by every function that ends a run which moves data. Locks their rows.
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
begin
    update ops.backups as b
    set status = 'failed', error_message = format('Not verified when %s', v_reason)
    where b.run_id = p_run_id and b.status in ('pending', 'running', 'stored');
    update ops.restores as s
    set status = 'failed', finished_at = clock_timestamp(), error_message = format('Unfinished when %s', v_reason)
    where s.run_id = p_run_id and s.status in ('pending', 'running');
    update ops.recovery_drills as d
    set finished_at = clock_timestamp(), passed = false, summary = format('Unfinished when %s', v_reason)
    where d.run_id = p_run_id and d.finished_at is null;
end
$$;
comment on function ops_private.end_data_work is 'Ends what a run left unfinished of backups and restores.';
revoke all on function ops_private.end_data_work from public;
