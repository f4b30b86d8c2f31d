-- Returns a mail as it was sent, an .eml file in base64. Called by people and programs. Locks nothing. Raises PT404 for
-- a mail that is not there for the caller.
create or replace function ops.mail_source(p_mail_id uuid)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_content bytea;
begin
    select m.content into v_content from ops.mails as m where m.id = p_mail_id;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such mail', hint = 'List them: ops env mail PROJECT BRANCH.';
    end if;
    return replace(encode(v_content, 'base64'), E'\n', '');
end
$$;
comment on function ops.mail_source is 'A mail as it was sent, in base64.';
revoke all on function ops.mail_source from public;
grant execute on function ops.mail_source to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.mail_source to qa_tester, release_manager, sre, developer, audit_reader;
