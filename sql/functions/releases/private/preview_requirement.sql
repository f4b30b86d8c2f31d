-- Returns what the newest upgrade preview of a release's build means for its promotion to production; no row where it
-- means nothing: there is none, and policy promotion.requires_preview is off. A red preview counts whatever its age.
-- Called by promotion_requirements. Locks and raises nothing.
create or replace function ops_private.preview_requirement(p_release ops.releases, p_rules jsonb)
returns table (requirement text, is_met boolean, detail text)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_is_required boolean := coalesce((p_rules ->> 'requires_preview')::boolean, false);
    v_hours int := coalesce((p_rules ->> 'preview_max_age_hours')::int, 168);
    v_newest record;
begin
    select u.verdict, u.summary, u.created_at, r.run_number into v_newest
    from ops.upgrade_previews as u
    join ops.runs as r on r.id = u.run_id
    where u.project_id = p_release.project_id and u.image_digest = p_release.image_digest
    order by u.created_at desc
    limit 1;
    if not found then
        if v_is_required then
            return query select 'preview', false, 'policy promotion.requires_preview is on, and this build was not previewed: '
                'ops upgrade preview';
        end if;
    elsif v_newest.verdict = 'red' then
        return query select 'preview', false, format('preview #%s is red: %s', v_newest.run_number, v_newest.summary);
    elsif v_newest.created_at < ops.right_now() - make_interval(hours => v_hours) and v_is_required then
        return query select 'preview', false, format('preview #%s is older than the %s h of policy '
            'promotion.preview_max_age_hours: ops upgrade preview', v_newest.run_number, v_hours);
    else
        return query select 'preview', true, format('preview #%s is %s: %s', v_newest.run_number, v_newest.verdict,
            v_newest.summary);
    end if;
end
$$;
comment on function ops_private.preview_requirement is 'What a release''s upgrade preview means for its promotion.';
revoke all on function ops_private.preview_requirement from public;
