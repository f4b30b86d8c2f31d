-- The platform backs itself up by a clock; people and monitoring read here when it last did.
alter table ops.control_plane add column backed_up_at timestamptz;
comment on column ops.control_plane.backed_up_at is
'The moment whose record the newest proved backup of the platform holds, as far as this record knows.';
