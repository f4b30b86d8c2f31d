-- Lists what each project should know before it moves to a newer series: the advisories from its current series on.
create view ops.v_upgrade_advisories
with (security_invoker = true) as
select
    p.id as project_id,
    p.slug as project_slug,
    p.odoo_version,
    a.id as advisory_id,
    a.to_version,
    a.severity,
    jsonb_array_length(a.breaking_changes) as breaking_change_count,
    a.breaking_changes,
    a.migration_guides,
    a.created_at
from ops.projects as p
join ops.upgrade_advisories as a on a.from_version = p.odoo_version
where p.status = 'active';
comment on view ops.v_upgrade_advisories is 'Advisories that apply to the series each project is on.';
comment on column ops.v_upgrade_advisories.breaking_change_count is 'How many changes break something.';
comment on column ops.v_upgrade_advisories.advisory_id is 'The advisory, as ops.upgrade_advisories has it.';
revoke all on ops.v_upgrade_advisories from public, anon;
grant select on ops.v_upgrade_advisories to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_upgrade_advisories
to release_manager, sre, developer, audit_reader;
