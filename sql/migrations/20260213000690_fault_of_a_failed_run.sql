-- A commit that is refused and a platform that fails are two ends of a run: one asks who pushed, the other who operates.
alter table ops.runs add column fault text;
alter table ops.runs add constraint runs_fault_check check (
    fault is null or (fault in ('project', 'platform') and status = 'failed')
);
comment on column ops.runs.fault is 'Whose fault a failed run is: project, platform; empty for runs of before.';
-- They get one more argument: with their old form left, a call would be ambiguous.
drop function if exists ops.complete_workflow_run(uuid, int, text, int, text, boolean);
drop function if exists ops_private.end_run(uuid, int, ops.run_status, int, text, text, text);
drop function if exists ops_private.move_runs(
    uuid[], ops.run_status[], ops.run_status, text, jsonb, int, text, text, text, int, int, text, timestamptz, boolean
);
