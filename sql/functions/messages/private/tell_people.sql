-- Writes a message to each recipient whose rules ask for the event and are not muted, unless the last that the recipient
-- was told of the subject is the same state. The end of a state, p_is_end, is told to those who were told of another one
-- before. The message says whether a rule of the platform is among them: by others only the project's targets are reached.
-- p_project_id, p_stage and p_fault are null for what has none: only rules that name none match then, except that the
-- end of a failure has no fault. p_payload has title, text and act: who must act now.
-- Called by the triggers that tell runs, environments, gates and incidents. Raises nothing. A retry writes nothing.
create or replace function ops_private.tell_people(
    p_project_id uuid,
    p_event text,
    p_stage ops.environment_stage,
    p_fault text,
    p_subject text,
    p_state text,
    p_cause text,
    p_payload jsonb,
    p_is_end boolean default false
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.outbox (project_id, channel, recipient, kind, subject, state, cause, payload, is_by_platform)
select
    p_project_id, n.channel, n.recipient, p_event, p_subject, p_state, p_cause,
    p_payload || jsonb_build_object(
        'project', (select p.slug from ops.projects as p where p.id = p_project_id), 'stage', p_stage, 'fault', p_fault
    ), n.is_by_platform
from (
    select r.channel, r.recipient, bool_or(r.is_by_platform) as is_by_platform
    from ops.notification_rules as r
    where
        p_event = any (r.events)
        and (r.project_id is null or r.project_id = p_project_id)
        and (r.stage is null or r.stage = p_stage)
        and (r.fault is null or r.fault = p_fault or p_is_end)
        and (not r.is_declared or not exists (
            select from ops.notification_rules as m
            where
                m.project_id = r.project_id and m.muted_by is not null and m.channel = r.channel
                and lower(m.recipient) = lower(r.recipient)
        ))
    group by r.channel, r.recipient
) as n
left join lateral (
    select o.state from ops.outbox as o
    where o.channel = n.channel and o.recipient = n.recipient and o.subject = p_subject
    order by o.id desc
    limit 1
) as told on true
where told.state is distinct from p_state and (told.state is not null or not p_is_end)
on conflict do nothing
$$;
comment on function ops_private.tell_people is 'Writes a message to each recipient of an event''s rules.';
revoke all on function ops_private.tell_people from public;
