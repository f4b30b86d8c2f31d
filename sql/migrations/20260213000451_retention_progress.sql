-- How far retention has come in each project, so that a run of it is queued only when there may be something to do.
alter table ops.project_counters
add column retention_planned_at timestamptz,
add column retention_swept_at timestamptz;
comment on column ops.project_counters.retention_planned_at is
'The moment for which the retention policy was last applied to the project''s backups.';
comment on column ops.project_counters.retention_swept_at is
'The store holds nothing of the backups that were dropped up to this moment.';
