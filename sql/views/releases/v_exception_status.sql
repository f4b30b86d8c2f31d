-- Shows every exception and its status: time alone can end it, so the status is not stored.
create view ops.v_exception_status
with (security_invoker = true) as
select
    r.project_id,
    p.slug as project_slug,
    x.id as exception_id,
    x.release_id,
    r.version,
    x.gate_id,
    x.gate_code,
    x.status,
    greatest(x.expires_at - ops.right_now(), interval '0') as time_remaining,
    x.expires_at,
    x.reason,
    x.is_break_glass,
    x.requested_by,
    x.granted_by,
    x.granted_at,
    x.revoked_by,
    x.revoked_at,
    x.created_at,
    i.id as incident_id,
    i.status as incident_status,
    x.status = 'pending_review' or coalesce(i.status = 'open', false) as needs_review
from (
    select
        e.*,
        case
            when e.revoked_at is not null then 'revoked'
            when e.expires_at <= ops.right_now() then 'expired'
            when e.granted_at is null then 'pending_review'
            else 'active'
        end as status
    from ops.exceptions as e
) as x
join ops.releases as r on r.id = x.release_id
join ops.projects as p on p.id = r.project_id
left join ops.incidents as i on i.exception_id = x.id;
comment on view ops.v_exception_status is
'Exceptions: active, expired, revoked or waiting for a second person, with the time left.';
comment on column ops.v_exception_status.status is 'pending_review, active, expired or revoked, as of now.';
comment on column ops.v_exception_status.needs_review is
'Nobody granted it yet, or glass was broken and its incident is open.';
comment on column ops.v_exception_status.time_remaining is
'How long it can still waive the gate; zero once it is over.';
revoke all on ops.v_exception_status from public, anon;
grant select on ops.v_exception_status to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_exception_status
to qa_tester, release_manager, sre, developer, audit_reader;
