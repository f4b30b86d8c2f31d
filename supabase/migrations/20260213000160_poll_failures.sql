-- A repository that cannot be asked is not asked again at every tick, and people see why.
alter table ops.projects
add column poll_failed_at timestamptz,
add column poll_error text,
-- a failure has its reason
add constraint projects_poll_failure_check check ((poll_failed_at is null) = (poll_error is null));
