-- Returns the author of a new release: the caller, or the person whom a machine names, or whom policy
-- names for machines that name nobody. Locks nothing. Raises PT404, PT403, and PT400 where nobody is named.
create or replace function ops_private.release_author(
    p_project_id uuid,
    p_named text
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_author text;
begin
    if not ops.has_permission(p_project_id, 'ingest_build') then
        perform ops_private.require_permission(p_project_id, 'queue');
    end if;
    if not exists (select from ops.projects as p where p.id = p_project_id) then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'List them: ops project list.';
    elsif ops.has_permission(p_project_id, 'ingest_build') then
        v_author := coalesce(p_named, nullif(ops_private.rules_in_force(p_project_id, 'promotion') ->> 'default_author', ''));
        if v_author is null and ops.is_platform() then
            v_author := ops.caller_id();
        elsif ops.person_of(v_author) is null then
            raise sqlstate 'PT400' using
                message = 'A release has an author', column = 'author',
                hint = 'Name who made the change: p_created_by; the policy promotion.default_author names one for all.';
        end if;
        return v_author;
    elsif not ops.person_of(p_named) = any (ops_private.caller_persons()) then
        raise sqlstate 'PT403' using
            message = 'You author the releases that you make',
            hint = 'Leave p_created_by out.';
    end if;
    return ops.caller_id();
end
$$;
comment on function ops_private.release_author is 'The author of a release that the caller makes.';
revoke all on function ops_private.release_author from public;
