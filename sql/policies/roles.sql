-- Who may do what is no secret; it changes by migration only.
revoke all on ops.roles from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.roles from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.roles to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.roles to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.roles enable row level security;

create policy "Everyone who signed in reads what roles may do"
on ops.roles for select to authenticated
using (true);

create policy "The platform reads every role"
on ops.roles for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every role"
on ops.roles for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- A login of the platform, or one that is a member of a persona, may come in, also where the public may not.
do $$
begin
    execute format(
        'grant connect on database %I to authenticator, ops_gateway, ops_operator, ops_api,'
        ' ci_service_role, qa_tester, release_manager, sre, developer, audit_reader', current_database()
    );
exception when insufficient_privilege or undefined_object then null; -- the owner of the database says who comes in
end $$;
