-- A session may see a project as one of its members does, for a while, and changes nothing meanwhile.
alter table ops.console_sessions
add column seen_project_id uuid references ops.projects (id) on delete set null,
add column seen_user_id uuid,
-- nobody is seen outside a project
add constraint console_sessions_see_one_project check ((seen_project_id is null) or (seen_user_id is not null));
comment on column ops.console_sessions.seen_project_id is
'The project that the session sees as another member; null if none.';
comment on column ops.console_sessions.seen_user_id is 'The member as whom the session sees it.';
create index console_sessions_seen_idx on ops.console_sessions (seen_project_id)
where seen_project_id is not null;
