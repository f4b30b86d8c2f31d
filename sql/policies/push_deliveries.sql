-- Only the platform reads deliveries: they may name repositories of any project.
revoke all on ops.push_deliveries from public, anon, authenticated, service_role, ops_worker;
grant select on ops.push_deliveries to service_role, ops_worker;
alter table ops.push_deliveries enable row level security;

create policy "The platform reads every delivery"
on ops.push_deliveries for select to ops_worker, service_role
using (true);
