-- Keys call /v1 too: each within its scopes, as a persona or as a member of projects. Those that are there only send events.
drop function if exists ops.create_event_key(text, text, text[], timestamptz, uuid, text, text);
drop function if exists ops_private.write_event_key(text, text, text[], timestamptz, uuid, text, text, uuid);

alter table ops.event_keys
add column if not exists user_id uuid,
add column if not exists scopes text[] not null default '{}',
alter column persona drop not null,
drop constraint event_keys_persona_check,
drop constraint event_keys_event_types_check,
drop constraint event_keys_check2;
alter table ops.event_keys
add constraint event_keys_persona_check check (
    persona in ('ci_service_role', 'qa_tester', 'release_manager', 'sre', 'developer', 'audit_reader')
),
add constraint event_keys_event_types_check check (
    event_types <@ array['build_complete', 'gate_signoff', 'deployment_event', 'health_check', 'environment_event']
),
-- who may do nothing needs no key
add constraint event_keys_open_something check (event_types <> '{}' or scopes <> '{}'),
-- events are judged by persona
add constraint event_keys_act_as_one check (
    (persona is null) = (user_id is not null) and (user_id is null or event_types = '{}')
),
-- row level security shows a persona every project
add constraint event_keys_of_personas_call_everywhere check (
    persona is null or scopes = '{}' or project_id is null
),
-- a decision is a person's: a key that signs off signs as one person, and no other key names one
add constraint event_keys_sign_as_one check (
    (approver_id is not null) = (
        event_types @> array['gate_signoff'] or scopes && array['sign_off_g2', 'sign_off_g3', 'grant_exception']
    )
);
comment on table ops.event_keys is
'Keys of machines that send events or call /v1; each acts as one persona, or as one member.';
comment on column ops.event_keys.persona is 'The role as which it acts; null for a member''s key.';
comment on column ops.event_keys.user_id is 'The member as whom it calls /v1; null for a persona''s key.';
comment on column ops.event_keys.scopes is
'The permissions that it may use in /v1; read is among them wherever there is one. Empty: it only sends events.';
