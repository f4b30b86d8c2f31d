-- A rule of a project's file or people reaches only what is the project's; a rule of the platform reaches every target.
-- Who made the rules that are there is not on record: those of projects count as the projects' until the platform makes
-- them again.
alter table ops.notification_rules
add column is_by_platform boolean not null default false,
add column muted_by text check (muted_by <> ''),
add constraint notification_rules_platform_check check (not (is_by_platform and is_declared)),
add constraint notification_rules_muted_check check (muted_by is null or is_declared);
update ops.notification_rules set is_by_platform = true
where project_id is null;
alter table ops.notification_rules
add constraint notification_rules_all_projects_check check (is_by_platform or project_id is not null);
comment on column ops.notification_rules.is_by_platform is
'Whether who operates the platform made it: it may name any target.';
comment on column ops.notification_rules.muted_by is
'Who stopped a declared rule; its recipient is told by no declared rule of the project any longer.';

alter table ops.outbox add column is_by_platform boolean not null default true;
-- what waits is sent to what the project has, if no rule of the platform asks for it
update ops.outbox as o set is_by_platform = false
where o.status = 'waiting' and o.channel in ('webhook', 'apprise') and o.kind <> 'test' and not exists (
    select from ops.notification_rules as r
    where r.project_id is null and r.channel = o.channel and r.recipient = o.recipient
);
comment on column ops.outbox.is_by_platform is
'Whether a rule of the platform asked for it, or the platform; otherwise it reaches its project''s targets only.';

-- with their old forms left, a call would be ambiguous
drop function if exists ops.record_notification_rules(uuid, int, jsonb);
drop function if exists ops_private.declared_rules(jsonb);
