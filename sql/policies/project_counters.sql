-- Only functions count.
revoke all on ops.project_counters from public, anon, authenticated, service_role, ops_worker;
grant select on ops.project_counters to service_role, ops_worker;
alter table ops.project_counters enable row level security;

create policy "The platform reads every counter"
on ops.project_counters for select to ops_worker, service_role
using (true);
