-- The planner took the index of waiting runs by kind for every question about waiting runs and read it whole: a run that
-- was queued or claimed read all that waited. The index holds no deployments now, which are nearly all of them, and only
-- who says so may use it.
drop index ops.runs_queued_kind_idx;
create index runs_queued_kind_idx on ops.runs (kind) where status = 'queued' and kind <> 'deploy';
