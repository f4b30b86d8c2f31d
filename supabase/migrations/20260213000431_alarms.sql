-- An alarm is an incident that is found by its key; those of the platform itself belong to no project.
alter table ops.incidents
alter column project_id drop not null,
add column key text check (btrim(key) <> ''),
-- an incident of no project is the platform's own
add constraint incidents_subject_check check (project_id is not null or key is not null);
-- an alarm is raised once while it is open
create unique index incidents_open_key_idx on ops.incidents (key) where status = 'open' and key is not null;
comment on column ops.incidents.key is 'What the alarm is about; empty for what people opened.';
