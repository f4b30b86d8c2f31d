-- What the platform makes carries the control plane that it was made for, so that nobody's things are taken for ours.
create table ops.control_plane (
    is_only boolean primary key default true check (is_only),
    id uuid not null default gen_random_uuid(),
    rounds bigint not null default 0 check (rounds >= 0),
    created_at timestamptz not null default clock_timestamp()
);
comment on table ops.control_plane is 'Which control plane this is: one row, which a backup of the database keeps.';
comment on column ops.control_plane.is_only is 'Keeps the table at one row.';
comment on column ops.control_plane.id is
'Written into whatever is made on the environments'' server and in the state folder.';
comment on column ops.control_plane.rounds is
'How often the janitor went round; who saw a greater number knows that an older backup was restored.';
comment on column ops.control_plane.created_at is 'When the control plane began.';
insert into ops.control_plane default values;
