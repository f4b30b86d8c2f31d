-- Shows the keys of machines that send events or call /v1, and whether each still works; no hash.
create view ops.v_event_keys
with (security_invoker = true) as
select
    k.id as key_id,
    k.prefix,
    k.name,
    case
        when k.revoked_at is not null then 'revoked'
        when k.expires_at <= statement_timestamp() then 'expired'
        else 'active'
    end as status,
    k.persona,
    k.event_types,
    k.project_id,
    p.slug as project_slug,
    k.approver_id,
    k.created_by,
    k.created_at,
    k.expires_at,
    k.last_used_at,
    k.rotated_from,
    k.revoked_by,
    k.revoked_at,
    k.user_id,
    k.scopes
from ops.event_keys as k
left join ops.projects as p on p.id = k.project_id;
comment on view ops.v_event_keys is 'Keys of machines that send events or call /v1, with what each may.';
comment on column ops.v_event_keys.key_id is 'The key''s id.';
comment on column ops.v_event_keys.status is 'active, expired or revoked, as of now.';
comment on column ops.v_event_keys.project_slug is 'The only project that it may speak of; null for every project.';
revoke all on ops.v_event_keys from public, anon;
grant select on ops.v_event_keys to service_role, ops_worker, ops_operator, audit_reader;
