-- Returns what is wrong with the address of a repository that somebody names through the network; null where nothing is.
-- It is https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH, of plain characters alone: no folder of the
-- platform's machine, no other program of git's, no option, no password. HOST is a name or an address of IPv4 in its
-- usual form, read as a destination of policy egress is; one in a company's network is, the machine's own and those at
-- which clouds hand out credentials are not. A name is judged by itself: what it leads to is known when it is asked.
-- What passes here passes Remote.parse of tools/git/remote.py, with the same host (tests/sql/test_new_projects.py).
-- Called by refuse_project. Locks and raises nothing.
create or replace function ops_private.repository_address_fault(p_url text)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    c_user constant text := '[A-Za-z0-9_][A-Za-z0-9_.-]*@';
    c_path constant text := '[A-Za-z0-9_.~][A-Za-z0-9_.~/+%-]*';
    v_host text := lower(coalesce(
        substring(p_url from '^https://([^/@]+)/' || c_path || '$'),
        substring(p_url from '^ssh://(?:' || c_user || ')?([^/@]+)/' || c_path || '$'),
        substring(p_url from '^' || c_user || '([^/@:]+):' || c_path || '$')
    ));
    v_name text;
    v_place text := ops_private.destination_place(v_host);
begin
    select coalesce(d.name, '') into v_name from ops_private.destination_parts(v_host) as d where d.name !~ '^[[*]';
    if length(p_url) > 500 or v_name is null then
        return 'is no https:// or ssh:// address of a repository';
    elsif v_place in ('own', 'nowhere')
        or v_name ~ '(^|\.)(localhost|localdomain|ip6-localhost|ip6-loopback)$'
        or v_name ~ '^(metadata|metadata\.google\.internal|instance-data(\.ec2\.internal)?)$' then
        return 'is at an address of the platform''s own machine, or of the cloud that it is in';
    end if;
    return null;
end
$$;
comment on function ops_private.repository_address_fault is 'What is wrong with a repository''s address of a stranger.';
revoke all on function ops_private.repository_address_fault from public;
