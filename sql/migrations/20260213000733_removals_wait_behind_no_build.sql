-- A worker asks for the runs that remove environments apart from all others. The function that takes runs gets one more
-- argument: with its old form left, a call would be ambiguous.
drop function if exists ops_private.take_runs(text, int, int, ops.run_status);
-- Whether a removal waits is asked several times a second.
create index runs_queued_kind_idx on ops.runs (kind) where status = 'queued';
