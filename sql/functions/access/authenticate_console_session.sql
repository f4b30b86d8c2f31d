-- Returns as whom the bearer of a session's cookie acts: the claims to set, which hold the role to take, and who that is.
-- A session that sees a project as one of its members has that member's claims, narrowed to the project, as long as both
-- may; afterwards (`seen_as_ended`) the own person's. The gateway lets it read only as long as `seen_as` is there, which
-- stop_seeing_as alone takes away: who thinks to see as another changes nothing.
-- Notes the use, once a minute. Called by the gateway for each request of the console. Locks the session's row where its
-- use is noted. Raises PT401 for a session that does not work. A retry is harmless.
-- Definer: the gateway may not read sessions; who has none learns nothing.
create or replace function ops.authenticate_console_session(p_session_sha256 text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_session ops.console_sessions;
    v_person jsonb;
begin
    select s.* into v_session from ops.console_sessions as s
    where s.session_sha256 = p_session_sha256 and s.ended_at is null and least(s.idle_at, s.expires_at) > v_now;
    if not found then
        raise sqlstate 'PT401' using message = 'Nobody is signed in', hint = 'Make a link: ops console.';
    end if;
    update ops.console_sessions as s set last_used_at = v_now, idle_at = v_now + interval '12 hours'
    where s.id in (
        select o.id from ops.console_sessions as o
        where o.id = v_session.id and o.last_used_at < v_now - interval '1 minute'
        for no key update skip locked
    );
    v_person := jsonb_build_object(
        'session_id', v_session.id, 'person', v_session.person, 'personas', v_session.personas,
        'persona', v_session.persona
    );
    if v_session.seen_user_id is not null then
        v_person := v_person || jsonb_build_object('seen_as', v_session.seen_user_id);
    end if;
    if ops_private.sees_as_member(v_session, v_session.seen_project_id, v_session.seen_user_id) then
        return v_person || jsonb_build_object('claims', jsonb_build_object(
            'role', 'authenticated', 'sub', v_session.seen_user_id, 'odooops_key', jsonb_build_object(
                'project_id', v_session.seen_project_id,
                'scopes', (select jsonb_agg(distinct n.permission) from ops.roles as r, unnest(r.permissions) as n (permission))
            )
        ));
    end if;
    return v_person || jsonb_build_object('seen_as_ended', v_person ? 'seen_as', 'claims', jsonb_build_object(
        'role', coalesce(v_session.persona, 'authenticated'),
        'sub', coalesce(v_session.user_id::text, v_session.person)
    ));
end
$$;
comment on function ops.authenticate_console_session is 'As whom the bearer of a session''s cookie acts.';
revoke all on function ops.authenticate_console_session from public;
grant execute on function ops.authenticate_console_session to service_role, ops_gateway;
