-- Records what a source says about the way between two series and returns the import; its items take the place of those
-- of the source's import before. What is known already changes and records nothing, so a retry is harmless.
-- Called by `ops upgrade advisories import`: for a project by its admins, for every project by the platform alone.
-- Locks the pair's row. Raises PT404, PT403 and PT400 naming the fault.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.import_upgrade_advisories(
    p_from_version text,
    p_to_version text,
    p_source text,
    p_sha256 text,
    p_items jsonb,
    p_release text default null,
    p_guides text[] default '{}',
    p_project_id uuid default null,
    p_imported_by text default null
)
returns table (source_id uuid, number int, is_new boolean, item_count int)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_advisory_id uuid;
    v_last ops.upgrade_advisory_sources;
    v_made ops.upgrade_advisory_sources;
    v_items_sha256 text := encode(sha256(convert_to(coalesce(p_items, 'null')::text, 'UTF8')), 'hex');
begin
    perform ops_private.require_advisory_import(p_project_id, p_from_version, p_to_version, p_items);
    insert into ops.upgrade_advisories as a (from_version, to_version) values (p_from_version, p_to_version)
    on conflict (from_version, to_version) do update set from_version = excluded.from_version
    returning a.id into v_advisory_id;
    select s.* into v_last
    from ops.upgrade_advisory_sources as s
    where s.advisory_id = v_advisory_id and s.name = p_source and s.project_id is not distinct from p_project_id
    order by s.number desc
    limit 1;
    if v_last.sha256 = p_sha256 and v_last.items_sha256 = v_items_sha256 then
        return query select v_last.id, v_last.number, false, jsonb_array_length(p_items);
        return;
    end if;
    insert into ops.upgrade_advisory_sources (
        advisory_id, project_id, name, number, release, sha256, items_sha256, counts, imported_by
    )
    select
        v_advisory_id, p_project_id, p_source, coalesce(v_last.number, 0) + 1, p_release, p_sha256, v_items_sha256,
        ops_private.advisory_counts(p_items),
        coalesce(case when ops.is_platform() then p_imported_by end, ops.caller_id(), ops.caller_role())
    returning * into v_made;
    delete from ops.upgrade_advisory_items as i where i.source_id = v_last.id;
    insert into ops.upgrade_advisory_items (
        source_id, kind, severity, module, subject, replacement, summary, guide, origin
    )
    select v_made.id, r.kind, r.severity, coalesce(r.module, ''), r.subject, r.replacement, r.summary, r.guide, r.origin
    from jsonb_to_recordset(p_items) as r (
        kind ops.advisory_kind, severity ops.advisory_severity, module text, subject text, replacement text,
        summary text, guide text, origin text
    );
    if p_project_id is null then
        perform ops_private.tell_advisory(v_advisory_id, p_source, v_made.counts, p_guides);
    end if;
    return query select v_made.id, v_made.number, true, jsonb_array_length(p_items);
exception
    when foreign_key_violation then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'List them: ops project list.';
    when invalid_text_representation or check_violation or not_null_violation then
        raise sqlstate 'PT400' using
            message = format('An advisory cannot be recorded: %s', sqlerrm),
            hint = 'Check the file against the schema: ops upgrade advisories schema.';
end
$$;
comment on function ops.import_upgrade_advisories is 'Records what a source says about the way between two series.';
revoke all on function ops.import_upgrade_advisories from public;
grant execute on function ops.import_upgrade_advisories to authenticated, service_role, ops_operator;
