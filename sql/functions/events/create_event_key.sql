-- Makes a key for a machine that sends events or calls /v1, and returns it with its id: this is the only time that it is
-- shown. A key that signs off gates does so as one person, whom p_approver_id names. It acts as a persona, or, without
-- one, as the member p_user_id, and calls /v1 within p_scopes; without scopes it only sends events.
-- Called by `ops key create` and the service role. Locks nothing. Raises PT400 for values that no key has, PT404 for the
-- project, PT403 for an operator's key that signs off gates. A retry makes another key.
-- Definer: nobody may write keys directly; only operators and the service role may execute this.
create or replace function ops.create_event_key(
    name text,
    persona text,
    event_types text[],
    expires_at timestamptz,
    p_project_id uuid default null,
    p_approver_id text default null,
    p_created_by text default null,
    p_user_id uuid default null,
    p_scopes text[] default '{}'
)
returns table (key_id uuid, key text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if p_project_id is not null and not exists (select from ops.projects as p where p.id = p_project_id) then
        raise sqlstate 'PT404' using message = 'There is no such project', hint = 'List them: ops project list.';
    end if;
    perform ops_private.refuse_key_events(create_event_key.persona, create_event_key.event_types);
    perform ops_private.refuse_key_scopes(create_event_key.persona, p_scopes);
    return query
    select * from ops_private.write_event_key(
        create_event_key.name, create_event_key.persona, create_event_key.event_types, create_event_key.expires_at,
        p_project_id, p_approver_id, coalesce(p_created_by, ops.caller_id(), ops.caller_role()), null,
        p_user_id, p_scopes
    );
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No key may have these values', detail = sqlerrm,
        hint = 'A key has a name, a persona or a member, event types or scopes, and a time to come at which it ends; one '
        || 'that signs off has a person, and no other has; one of a persona that calls /v1 has no project.';
end
$$;
comment on function ops.create_event_key is 'Makes a key for a machine that sends events or calls /v1.';
revoke all on function ops.create_event_key from public;
grant execute on function ops.create_event_key to service_role, ops_operator;
