-- A repository says who is told of what, beside the rules that people make: each side's rules are its own to remove.
alter table ops.notification_rules
add column git_sha text check (git_sha ~ '^[0-9a-f]{40}$'),
add column is_declared boolean not null default false,
-- a repository is one project's
add constraint notification_rules_declared_check check (
    is_declared = (git_sha is not null) and (project_id is not null or not is_declared)
),
drop constraint notification_rules_project_id_events_stage_fault_channel_re_key,
add constraint notification_rules_once_key
unique nulls not distinct (project_id, events, stage, fault, channel, recipient, is_declared);
comment on column ops.notification_rules.git_sha is
'The commit whose odooops.yaml first declared it; empty for a rule that a person made.';
comment on column ops.notification_rules.is_declared is 'Whether odooops.yaml declares it.';
