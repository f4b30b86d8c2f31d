-- Returns the user id of the calling person; null for the platform, for a key of a persona and for a name that is no id.
-- Called by create_project. Locks and raises nothing.
create or replace function ops_private.calling_user()
returns uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when not ops.is_platform() and c.id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then c.id::uuid
end
from (values (ops.caller_claims() ->> 'sub')) as c (id)
$$;
comment on function ops_private.calling_user is 'The user id of the calling person, if there is one.';
revoke all on function ops_private.calling_user from public;
