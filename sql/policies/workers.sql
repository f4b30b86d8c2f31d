-- Only the platform reads workers: they serve every project.
revoke all on ops.workers from public, anon, authenticated, service_role, ops_worker;
grant select on ops.workers to service_role, ops_worker;
alter table ops.workers enable row level security;

create policy "The platform reads every worker"
on ops.workers for select to ops_worker, service_role
using (true);
