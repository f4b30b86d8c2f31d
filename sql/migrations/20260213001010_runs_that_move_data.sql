-- The end of a run looked into four tables for unfinished data work, and most runs move no data: each row of data work
-- marks its run instead, and an end reads the mark.
alter table ops.runs add column moves_data boolean not null default false;
comment on column ops.runs.moves_data is
'Whether the run has a backup, a restore, a drill or a rehearsal on the record: its end fails what is unfinished.';
update ops.runs as r set moves_data = true
where
    r.status in ('queued', 'claimed', 'running')
    and r.id in (
        select b.run_id from ops.backups as b
        union all
        select s.run_id from ops.restores as s
        union all
        select d.run_id from ops.recovery_drills as d
        union all
        select h.run_id from ops.rehearsals as h
    );
-- The functions that end a run tell of it; a trigger's condition is parsed again by each change of a run's state.
drop trigger if exists runs_tell_their_end on ops.runs;
drop trigger if exists runs_tell_that_they_wait on ops.runs;
drop function if exists ops_private.tell_run();
-- They have another list of arguments: with their old form left, a call would be ambiguous.
drop function if exists ops_private.tell_fault(ops.runs);
drop function if exists ops_private.settle_end(uuid, text);
