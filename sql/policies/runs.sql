-- Members read their project's runs; every change goes through an RPC, and none but the drawn ones is possible.
revoke all on ops.runs from public, anon, authenticated, service_role, ops_worker;
grant select on ops.runs to authenticated, service_role, ops_worker;
alter table ops.runs enable row level security;

create policy "Members read their projects' runs"
on ops.runs for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every run"
on ops.runs for select to ops_worker, service_role
using (true);

-- claims may start at once: such a run passes through claimed at the instant it starts
create or replace trigger runs_follow_the_drawing
before update of status on ops.runs
for each row
when (
    old.status is distinct from new.status and not (
        (old.status = 'queued' and new.status in ('claimed', 'canceled'))
        or (old.status = 'queued' and new.status = 'running' and new.started_at = new.claimed_at
            and new.attempt = old.attempt + 1)
        or (old.status = 'claimed' and new.status in ('running', 'failed', 'canceled'))
        or (old.status = 'running' and new.status in ('succeeded', 'failed', 'canceled'))
        or (old.status in ('claimed', 'running') and new.status = 'queued' and old.attempt < old.max_attempts)
    )
)
execute function ops.refuse_transition();
create or replace trigger runs_keep_their_identity
before update of id, project_id, environment_id, run_number, kind on ops.runs
for each row execute function ops.refuse_change();
create or replace trigger runs_stay
before delete on ops.runs
for each row execute function ops.refuse_change();
create or replace trigger runs_stay_whole
before truncate on ops.runs
for each statement execute function ops.refuse_change();
