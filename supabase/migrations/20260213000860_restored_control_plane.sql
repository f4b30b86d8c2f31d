-- A control plane that comes back from a backup says so: what was under way then has ended, whatever Dagster's own record says.
alter table ops.control_plane
add column restored_at timestamptz,
add column restored_from text check (restored_from <> ''),
add constraint control_plane_restored_check check ((restored_at is null) = (restored_from is null));
comment on column ops.control_plane.restored_at is
'When the record was last restored from a backup; a Dagster run that is older is at work no more.';
comment on column ops.control_plane.restored_from is 'The id of that backup.';
