-- Makes a rule, and returns its id; the id of the rule that is the same if there is one. A rule of every project is the
-- platform's to make. A rule that the platform makes may name any target of the platform; one of a project's people
-- reaches the project's and shared ones. Called by admins and `ops notify rule`. Locks nothing of others. Raises PT404 for a project that
-- the caller may not know of, PT403, and PT400 for a rule that none may be. A retry returns the same.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.create_notification_rule(
    p_events text[],
    p_channel text,
    p_recipient text,
    p_slug text default null,
    p_stage text default null,
    p_fault text default null,
    p_created_by text default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
    v_events text[] := array(select distinct e.event from unnest(p_events) as e (event) order by e.event);
    v_id bigint;
begin
    select p.id into v_project_id from ops.projects as p where p.slug = p_slug;
    if p_slug is not null and v_project_id is null then
        raise sqlstate 'PT404' using
            message = 'There is no such project',
            hint = 'List the projects you belong to: select slug from ops.projects.';
    elsif v_project_id is not null then
        perform ops_private.require_permission(v_project_id, 'manage');
    else
        perform ops_private.require_platform_permission(
            'manage', 'You may not make rules for all projects', 'Name a project that you administer.'
        );
    end if;
    insert into ops.notification_rules (
        project_id, events, stage, fault, channel, recipient, created_by, is_by_platform
    )
    values (
        v_project_id, v_events, p_stage::ops.environment_stage, p_fault, p_channel, p_recipient,
        coalesce(p_created_by, ops.caller_id(), ops.caller_role()), ops.is_platform()
    )
    on conflict on constraint notification_rules_once_key do update set is_by_platform = true
    where excluded.is_by_platform and not notification_rules.is_by_platform
    returning id into v_id;
    return coalesce(v_id, (
        select r.id from ops.notification_rules as r
        where
            r.project_id is not distinct from v_project_id and r.events = v_events
            and r.stage::text is not distinct from p_stage and r.fault is not distinct from p_fault
            and r.channel = p_channel and r.recipient = p_recipient and not r.is_declared
    ));
exception when check_violation or not_null_violation or invalid_text_representation then
    raise sqlstate 'PT400' using
        message = 'No rule may be like this', detail = sqlerrm,
        hint = 'Events are run, deployment, gate, backup, alarm and incident; a mail goes to an address.';
end
$$;
comment on function ops.create_notification_rule is 'Makes a rule of who is told of what.';
revoke all on function ops.create_notification_rule from public;
grant execute on function ops.create_notification_rule to authenticated, service_role, ops_operator;
