-- Lets the bearer of a session's cookie see a project as one of its members does, and change nothing, until
-- stop_seeing_as; it is on the record before anything is shown. Called by the gateway. Locks the session. Raises PT401 for
-- a session that does not work, PT403 for who may not see as that member, or sees as another already. A retry is refused.
-- Definer: the gateway may not write sessions; who has none sees nothing.
create or replace function ops.see_as_member(
    p_session_sha256 text,
    p_project_id uuid,
    p_user_id uuid
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_known jsonb := ops.authenticate_console_session(p_session_sha256);
    v_session ops.console_sessions;
begin
    select s.* into v_session from ops.console_sessions as s
    where s.session_sha256 = p_session_sha256
    for no key update;
    if v_known ? 'seen_as' or not ops_private.sees_as_member(v_session, p_project_id, p_user_id) then
        raise sqlstate 'PT403' using
            message = format('%s may not see this as that member', v_session.person),
            hint = 'Admins see their own project as its members, and auditors every one; stop seeing as another first.';
    end if;
    update ops.console_sessions as s set seen_project_id = p_project_id, seen_user_id = p_user_id
    where s.id = v_session.id;
    insert into ops.environment_events (project_id, environment, event, payload, source, recorded_by)
    values (
        p_project_id, 'console', 'seen_as', jsonb_build_object('user_id', p_user_id, 'session_id', v_session.id), 'ops',
        v_session.person
    );
end
$$;
comment on function ops.see_as_member is 'Lets a session of the console see a project as one of its members.';
revoke all on function ops.see_as_member from public;
grant execute on function ops.see_as_member to service_role, ops_gateway;
