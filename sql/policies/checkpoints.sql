-- The platform and auditors read where dropped months ended; nobody changes it.
revoke all on ops.checkpoints from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.checkpoints from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.checkpoints to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.checkpoints enable row level security;

create policy "The platform and auditors read every checkpoint"
on ops.checkpoints for select to ops_worker, ops_operator, service_role, audit_reader
using (true);

create or replace trigger checkpoints_stay
before update or delete on ops.checkpoints
for each row execute function ops_private.refuse_change();
create or replace trigger checkpoints_stay_whole
before truncate on ops.checkpoints
for each statement execute function ops_private.refuse_change();
