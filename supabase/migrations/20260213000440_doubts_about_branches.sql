-- A delivery that does not fit what is known of its branch makes the platform ask the repository, also where it does not poll.
alter table ops.projects add column doubted_at timestamptz;
comment on column ops.projects.doubted_at is
'When a delivery last told what does not fit the heads known; empty once the repository answered.';

-- What else was told of a commit: a few rows, however many deliveries there are.
create index push_deliveries_sha_idx on ops.push_deliveries (sha) where event = 'push';
create index push_deliveries_previous_sha_idx on ops.push_deliveries (previous_sha) where event = 'push';
