-- A label is given twice: what a record was restored from is its backup's label and the moment that the backup holds.
alter table ops.control_plane
add column restored_taken_at timestamptz,
add constraint control_plane_restored_taken_at_check check (restored_taken_at is null or restored_from is not null);
comment on column ops.control_plane.restored_taken_at is 'The moment that the backup holds from which the record came.';
