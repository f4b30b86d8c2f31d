-- Promotions by the platform's own runs: the run makes the backup, keeps what it replaced for the way back, and records
-- which gates policy did not ask for.
alter table ops.deployments
add column with_data boolean not null default false,
add column database_name text check (database_name <> ''),
add column previous_database_name text check (previous_database_name <> ''),
add column keep_previous_until timestamptz,
-- the run makes the backup, before anything changes in production
drop constraint deployments_check2,
add constraint deployments_way_back_check check (
    stage <> 'production' or backup_id is not null or no_backup_reason is not null or status in ('pending', 'failed')
),
-- only a rollback returns to earlier data
add constraint deployments_with_data_check check (not with_data or rollback_of is not null),
add constraint deployments_previous_check check ((previous_database_name is null) = (keep_previous_until is null));
create index deployments_kept_idx on ops.deployments (environment_id, keep_previous_until)
where previous_database_name is not null;
comment on column ops.deployments.with_data is 'Whether a rollback also returns to the data of before.';
comment on column ops.deployments.database_name is 'The database that serves since; null if another did it.';
comment on column ops.deployments.previous_database_name is
'The database that it replaced: the restore point, untouched since people were kept out.';
comment on column ops.deployments.keep_previous_until is 'Until when that one is kept.';

alter table ops.release_gates add column is_required boolean not null default true;
comment on column ops.release_gates.is_required is
'Whether the policy asked for this gate when the release was made; a failed gate blocks all the same.';
