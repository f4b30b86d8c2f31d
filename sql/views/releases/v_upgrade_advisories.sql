-- Lists what each project should know before it moves to a newer series: the advisories from its current series on, how
-- many things of each kind they name, and what of them the project's code uses, as its newest build saw it.
create view ops.v_upgrade_advisories
with (security_invoker = true) as
with numbered as (
    select
        u.*,
        row_number() over (partition by u.advisory_id, u.name, u.project_id order by u.number desc) as age
    from ops.upgrade_advisory_sources as u
),

newest as (
    select
        n.*,
        (select sum(c.value::int) from jsonb_each_text(n.counts) as c)::int as item_count
    from numbered as n
    where n.age = 1
)

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
    a.created_at,
    coalesce(s.sources, '[]') as sources,
    coalesce(s.item_count, 0) as item_count,
    m.metadata ->> 'target' as target_version,
    m.run_id as matched_run_id,
    m.created_at as matched_at,
    (m.metadata ->> 'certain')::int as certain_uses,
    (m.metadata ->> 'possible')::int as possible_uses,
    m.metadata -> 'uses' as uses
from ops.projects as p
join ops.upgrade_advisories as a on a.from_version = p.odoo_version
left join lateral (
    select
        sum(n.item_count)::int as item_count,
        jsonb_agg(
            jsonb_build_object(
                'name', n.name, 'number', n.number, 'release', n.release, 'sha256', n.sha256, 'counts', n.counts,
                'own', n.project_id is not null, 'imported_at', n.imported_at
            )
            order by n.name, n.project_id nulls first
        ) as sources
    from newest as n
    where n.advisory_id = a.id and (n.project_id is null or n.project_id = p.id)
) as s on true
left join lateral (
    select
        c.run_id,
        c.metadata,
        c.created_at
    from ops.run_checks as c
    join ops.runs as r on r.id = c.run_id
    where r.project_id = p.id and c.name = 'upgrade_advisories'
    order by c.created_at desc
    limit 1
) as m on true
where p.status = 'active';
comment on view ops.v_upgrade_advisories is 'Advisories that apply to the series each project is on.';
comment on column ops.v_upgrade_advisories.breaking_change_count is 'How many changes break something.';
comment on column ops.v_upgrade_advisories.advisory_id is 'The advisory, as ops.upgrade_advisories has it.';
comment on column ops.v_upgrade_advisories.sources is 'The newest import of each source, with its counts by kind.';
comment on column ops.v_upgrade_advisories.item_count is 'How many things these sources name.';
comment on column ops.v_upgrade_advisories.target_version is 'The series that the newest matched build is to move to.';
comment on column ops.v_upgrade_advisories.matched_run_id is 'The run of that build.';
comment on column ops.v_upgrade_advisories.matched_at is 'When its code was matched.';
comment on column ops.v_upgrade_advisories.certain_uses is 'How many uses of what goes away are certain.';
comment on column ops.v_upgrade_advisories.possible_uses is 'How many uses are only possible.';
comment on column ops.v_upgrade_advisories.uses is 'The first of them, with file and line.';
revoke all on ops.v_upgrade_advisories from public, anon;
grant select on ops.v_upgrade_advisories to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_upgrade_advisories
to release_manager, sre, developer, audit_reader;
