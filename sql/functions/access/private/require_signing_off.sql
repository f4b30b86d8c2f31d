-- Refuses a login of the platform that lets somebody sign off gates: such a person is named by the schema's owner.
-- Called by create_console_link and invite_to_console. Locks nothing. Raises PT403.
create or replace function ops_private.require_signing_off(p_personas text[])
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_personas && array['qa_tester', 'release_manager'] and cardinality(ops.caller_jobs()) > 0 then
        raise sqlstate 'PT403' using
            message = 'A session that signs off gates decides for a person: no login of the platform makes one',
            hint = 'Make it as the schema''s owner: ODOOOPS_MIGRATE_URL.';
    end if;
end
$$;
comment on function ops_private.require_signing_off is 'Refuses that a login of the platform names who signs off.';
revoke all on function ops_private.require_signing_off from public;
