-- Sums a source up in its pair's row: one line per kind, its guides, and the highest severity of all that is for every
-- project. Lines that people wrote stay. Called by ops.import_upgrade_advisories, which holds the row's lock.
create or replace function ops_private.tell_advisory(
    p_advisory_id uuid,
    p_source text,
    p_counts jsonb,
    p_guides text[]
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
    with kept as (
        select l.line, l.place from ops.upgrade_advisories as a, jsonb_array_elements(a.breaking_changes)
            with ordinality as l (line, place)
        where a.id = p_advisory_id and l.line #>> '{}' not like '%(' || p_source || ')'
    ), told as (
        select to_jsonb(format('%s: %s (%s)', replace(c.key, '_', ' '), c.value, p_source)) as line, c.key
        from jsonb_each_text(p_counts) as c
    ), lines as (
        select line, 0 as part, place, '' as name from kept
        union all
        select line, 1, 0, key from told
    ), worst as (
        select max(i.severity) as severity
        from ops.upgrade_advisory_items as i
        join ops.upgrade_advisory_sources as s on s.id = i.source_id
        where s.advisory_id = p_advisory_id and s.project_id is null
    )
    update ops.upgrade_advisories as a
    set
        breaking_changes = (select coalesce(jsonb_agg(l.line order by l.part, l.place, l.name), '[]') from lines as l),
        migration_guides = a.migration_guides || (
            select coalesce(jsonb_agg(g), '[]') from unnest(p_guides) as g
            where not a.migration_guides @> jsonb_build_array(g)
        ),
        severity = greatest(a.severity, worst.severity)
    from worst
    where a.id = p_advisory_id
$$;
comment on function ops_private.tell_advisory is 'Sums a source up in the row of its pair of series.';
revoke all on function ops_private.tell_advisory from public;
