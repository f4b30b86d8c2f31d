-- An environment stops and starts by a run of its own kind, and a preview that nobody asks for stops by itself: its next
-- request starts it.
alter type ops.run_kind add value if not exists 'stop';
alter type ops.run_kind add value if not exists 'start';
alter type ops.policy_type add value if not exists 'preview';
-- It is claim_short_runs by now: a removal is one of the runs that wait behind no build.
drop function if exists ops.claim_removals(text, int, int);
alter table ops.environments
add column is_pinned boolean not null default false,
add column wakes_on_request boolean not null default false,
add column last_used_at timestamptz not null default clock_timestamp(),
-- what runs is not woken
add constraint environments_sleep_check check (not wakes_on_request or status = 'stopped');
comment on column ops.environments.is_pinned is 'Whether it runs on though nobody asks for it.';
comment on column ops.environments.wakes_on_request is 'Whether its next request starts it.';
comment on column ops.environments.last_used_at is 'When it was last asked for, deployed or started.';
-- What is idle is asked every minute.
create index environments_running_idx on ops.environments (last_used_at) where status = 'running';
