-- The gateway, which the network reaches, acts for callers of /v1 by a login that may become a member or a persona and
-- nobody else: authenticator may also become the service role, past row level security.
do $$
declare
    v_role text;
begin
    begin
        create role ops_api login noinherit;
    exception when duplicate_object or unique_violation then null; -- roles belong to the server: another database made it
    end;
    foreach v_role in array array[
        'authenticated', 'ci_service_role', 'qa_tester', 'release_manager', 'sre', 'developer', 'audit_reader'
    ] loop
        begin
            execute format('grant %I to ops_api', v_role);
        exception when insufficient_privilege then null; -- whoever runs the server grants it
        end;
    end loop;
end $$;
