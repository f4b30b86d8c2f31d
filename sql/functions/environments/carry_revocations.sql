-- Takes away from a restored record what was revoked after its backup was taken, as the record that it replaces says:
-- p_keys, p_person_keys, p_exceptions, p_invitations and p_rules are the ids of what is valid there, p_aliases the names
-- of people (each with the person's id), p_members its memberships (project_id, user_id, role). What is not among them is revoked,
-- withdrawn or removed, and roles become the lesser of both; nothing is given to anybody. The last owner of a project
-- stays. Backups that are held there (p_holds: id, hold_reason) are held here too. Null for the last four says that the
-- other record knows nothing of the kind: it stays. Returns how many of each.
-- Called by `ops platform restore`, before anything works on the record. Locks what it changes. Raises nothing. A retry
-- changes nothing.
-- Definer: nobody may write keys and memberships directly.
create or replace function ops.carry_revocations(
    p_keys uuid[],
    p_person_keys uuid[],
    p_members jsonb,
    p_holds jsonb default null,
    p_exceptions uuid[] default null,
    p_invitations uuid[] default null,
    p_aliases jsonb default null,
    p_rules bigint[] default null
)
returns table (keys int, members int, holds int, exceptions int, invitations int, aliases int, rules int)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    c_by constant text := 'revoked after the backup was taken';
    v_count int;
begin
    update ops.event_keys as k set revoked_at = clock_timestamp(), revoked_by = c_by
    where k.revoked_at is null and k.id <> all (p_keys);
    get diagnostics keys = row_count;
    update ops.person_keys as k set revoked_at = clock_timestamp(), revoked_by = c_by
    where k.revoked_at is null and k.id <> all (p_person_keys);
    get diagnostics v_count = row_count;
    keys := keys + v_count;
    members := ops_private.carry_members(p_members);
    update ops.exceptions as e set revoked_at = clock_timestamp(), revoked_by = c_by
    where e.revoked_at is null and e.id <> all (p_exceptions);
    get diagnostics exceptions = row_count;
    update ops.console_invitations as i set withdrawn_at = clock_timestamp(), withdrawn_by = c_by
    where i.withdrawn_at is null and i.id <> all (p_invitations);
    get diagnostics invitations = row_count;
    delete from ops.person_aliases as a
    where p_aliases is not null and p_aliases ->> a.alias is distinct from a.person_id::text;
    get diagnostics aliases = row_count;
    delete from ops.notification_rules as r where r.id <> all (p_rules);
    get diagnostics rules = row_count;
    update ops.backups as b
    set held_at = clock_timestamp(), held_by = 'odooops', hold_reason = h.hold_reason
    from jsonb_to_recordset(coalesce(p_holds, '[]')) as h (id uuid, hold_reason text)
    where b.id = h.id and b.held_at is null and b.status not in ('failed', 'dropped') and h.hold_reason <> '';
    get diagnostics holds = row_count;
    return next;
end
$$;
comment on function ops.carry_revocations is 'Takes away what was revoked after a restored record''s backup.';
revoke all on function ops.carry_revocations from public;
grant execute on function ops.carry_revocations to service_role;
