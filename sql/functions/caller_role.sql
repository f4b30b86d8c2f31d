-- Names the role that calls: the one taken by SET ROLE (PostgREST's way), else the login.
-- Called by functions that ask who is there; inside a definer function current_user no longer tells.
create or replace function ops.caller_role()
returns text
language sql
stable
security invoker
set search_path = ''
as $$
select case current_setting('role', true)
    when 'none' then session_user::text
    else coalesce(current_setting('role', true), session_user::text)
end
$$;
comment on function ops.caller_role is 'The role on whose behalf the statement runs.';
revoke all on function ops.caller_role from public;
grant execute on function ops.caller_role to authenticated, service_role, ops_worker;
