-- Lists what changes between two series as the newest import of each source has it. Read by matches and by people.
create view ops.v_upgrade_advisory_items
with (security_invoker = true) as
with numbered as (
    select
        s.*,
        row_number() over (partition by s.advisory_id, s.name, s.project_id order by s.number desc) as age
    from ops.upgrade_advisory_sources as s
)

select
    a.from_version,
    a.to_version,
    s.name as source,
    s.project_id,
    i.id,
    i.kind,
    i.severity,
    i.module,
    i.subject,
    i.replacement,
    i.summary,
    i.guide,
    i.origin
from numbered as s
join ops.upgrade_advisories as a on a.id = s.advisory_id
join ops.upgrade_advisory_items as i on i.source_id = s.id
where s.age = 1;
comment on view ops.v_upgrade_advisory_items is 'What changes between two series, of each source''s newest import.';
comment on column ops.v_upgrade_advisory_items.source is 'The source''s name.';
comment on column ops.v_upgrade_advisory_items.project_id is 'The project it is for; null for every project.';
revoke all on ops.v_upgrade_advisory_items from public, anon;
grant select on ops.v_upgrade_advisory_items to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_upgrade_advisory_items
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
