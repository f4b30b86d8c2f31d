-- Begins the session of a link, under the SHA-256 of a cookie that the caller made. Called by the gateway. Locks the
-- session, so that of two who use a link at once one signs in. Raises PT401 for a link that was used, is too old, or is
-- none: it says nothing of which. A retry with the same cookie is refused too: sign in again.
-- Definer: the gateway may not read sessions; who has no link learns nothing.
create or replace function ops.use_console_link(
    p_link_sha256 text,
    p_session_sha256 text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    update ops.console_sessions as s
    set
        session_sha256 = p_session_sha256, began_at = v_now, last_used_at = v_now,
        idle_at = v_now + interval '12 hours', expires_at = v_now + interval '7 days'
    where s.link_sha256 = p_link_sha256 and s.began_at is null and s.ended_at is null and s.link_expires_at > v_now;
    if not found then
        raise sqlstate 'PT401' using message = 'This link was used or is too old', hint = 'Make another: ops console.';
    end if;
end
$$;
comment on function ops.use_console_link is 'Begins the session of a link that works once.';
revoke all on function ops.use_console_link from public;
grant execute on function ops.use_console_link to service_role, ops_gateway;
