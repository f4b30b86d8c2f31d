-- The platform and auditors read what was decided about things that nobody knew; nobody changes it.
revoke all on ops.orphan_decisions from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.orphan_decisions from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.orphan_decisions to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.orphan_decisions enable row level security;

create policy "The platform and auditors read every decision about an orphan"
on ops.orphan_decisions for select to ops_worker, ops_operator, service_role, audit_reader
using (true);

create or replace trigger orphan_decisions_stay
before update or delete on ops.orphan_decisions
for each row execute function ops_private.refuse_change();
create or replace trigger orphan_decisions_stay_whole
before truncate on ops.orphan_decisions
for each statement execute function ops_private.refuse_change();
