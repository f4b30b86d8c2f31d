-- A record that came from a backup may be behind its databases: until a person confirms it, nothing removes or replaces.
alter table ops.control_plane
add column unconfirmed_since timestamptz,
add column confirmed_at timestamptz,
add column confirmed_by text check (confirmed_by <> ''),
add column confirmed_rounds bigint,
add constraint control_plane_confirmed_check check (
    (confirmed_at is null) = (confirmed_by is null) and (confirmed_at is null) = (confirmed_rounds is null)
);
comment on column ops.control_plane.unconfirmed_since is
'Since when the record may be behind what it describes; until a person confirms it nothing is removed or replaced.';
comment on column ops.control_plane.confirmed_at is 'When a person last confirmed a record that came from a backup.';
comment on column ops.control_plane.confirmed_by is 'Who confirmed it.';
comment on column ops.control_plane.confirmed_rounds is
'The janitor''s rounds then; an older record that was confirmed is not doubted a second time.';
-- It now returns how many environments it stopped as well.
drop function if exists ops.settle_restored_record(text, timestamptz, boolean);
