-- A delivery only says that something moved: the repository is asked, and the platform acts on its answer.
alter table ops.projects rename column doubted_at to notified_at;
comment on column ops.projects.notified_at is
'When a delivery last named the repository; empty once the repository answered.';
alter table ops.projects add column heads_asked_at timestamptz;
comment on column ops.projects.heads_asked_at is
'When the repository was asked for the heads that are known; an older answer changes nothing.';

-- What other deliveries told of a commit decides nothing any more; what came since the last question does.
drop index ops.push_deliveries_sha_idx;
drop index ops.push_deliveries_previous_sha_idx;
create index push_deliveries_received_idx on ops.push_deliveries (received_at);
