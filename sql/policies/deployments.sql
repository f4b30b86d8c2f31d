-- Members read where their projects' releases went; every change goes through an RPC.
revoke all on ops.deployments from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.deployments from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.deployments to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.deployments to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.deployments enable row level security;

create policy "Members read their projects' deployments"
on ops.deployments for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every deployment"
on ops.deployments for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every deployment"
on ops.deployments for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger deployments_are_eligible
before insert on ops.deployments
for each row execute function ops_private.refuse_ineligible_deployment();
create or replace trigger deployments_move_as_drawn
before insert or update of status on ops.deployments
for each row execute function ops_private.move_deployment();
create or replace trigger deployments_are_felt
after insert or update of status on ops.deployments
for each row execute function ops_private.note_deployment();
create or replace trigger deployments_await_people
after update of decision_due_at, kept_at on ops.deployments
for each row execute function ops_private.note_deployment();
create or replace trigger deployments_start_in_time
before update of status on ops.deployments
for each row when (old.status = 'pending' and new.status = 'running' and new.rollback_of is null)
execute function ops_private.refuse_late_promotion();
create or replace trigger deployments_keep_their_identity
before update of id, project_id, release_id, environment_id, stage, image_digest, git_shas, no_backup_reason,
rollback_of, with_data, reason, requested_by, created_at
on ops.deployments
for each row execute function ops_private.refuse_change();
-- the run makes the backup before it changes anything
create or replace trigger deployments_keep_their_backup
before update of backup_id on ops.deployments
for each row when (old.backup_id is not null or old.status <> 'pending') execute function ops_private.refuse_change();
-- people are asked once, and answer once
create or replace trigger deployments_keep_their_deadline
before update of decision_due_at on ops.deployments
for each row when (old.decision_due_at is not null) execute function ops_private.refuse_change();
create or replace trigger deployments_keep_their_decision
before update of kept_by, kept_at, kept_reason on ops.deployments
for each row when (old.kept_at is not null) execute function ops_private.refuse_change();
-- promote_release queues the run for the row that is there
create or replace trigger deployments_keep_their_run
before update of run_id on ops.deployments
for each row when (old.run_id is not null) execute function ops_private.refuse_change();
