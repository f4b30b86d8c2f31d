-- Where the mirror of a backup is, and since when every object of it was read back there.
alter table ops.backups
add column mirror_url text check (mirror_url <> ''),
add column mirrored_at timestamptz,
add check ((mirror_url is null) = (mirrored_at is null)),
-- what is mirrored was good
add check (mirrored_at is null or verified_at is not null);
comment on column ops.backups.mirror_url is 'Store that holds a mirror of it.';
comment on column ops.backups.mirrored_at is 'When the mirror was read back whole.';
