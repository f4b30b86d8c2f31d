-- Shows who signed in at the console, as whom, and whether the session still works; no hash.
create view ops.v_console_sessions
with (security_invoker = true) as
select
    s.id as session_id,
    s.person,
    s.user_id,
    s.personas,
    s.persona,
    case
        when s.ended_at is not null then 'ended'
        when s.began_at is null and s.link_expires_at <= statement_timestamp() then 'unused'
        when s.began_at is null then 'offered'
        when e.ends_at <= statement_timestamp() then 'expired'
        else 'active'
    end as status,
    s.created_by,
    s.created_at,
    s.began_at,
    s.last_used_at,
    e.ends_at,
    s.ended_at,
    s.ended_by
from ops.console_sessions as s
cross join lateral ( -- noqa: ST05
    select least(s.idle_at, s.expires_at) as ends_at
) as e;
comment on view ops.v_console_sessions is 'Sessions of the console, with the last use of each.';
comment on column ops.v_console_sessions.session_id is 'The session''s id.';
comment on column ops.v_console_sessions.status is
'offered: the link was not used yet; unused: it never will be; active; expired: idle or old; ended: by somebody.';
comment on column ops.v_console_sessions.ends_at is 'When it ends by itself.';
revoke all on ops.v_console_sessions from public, anon;
grant select on ops.v_console_sessions to service_role, ops_worker, ops_operator, audit_reader;
