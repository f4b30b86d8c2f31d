-- Returns what the image of a release's build means for its promotion to a stage; no row if the build has no image.
-- Called by explain_rollback, promotion_requirements and refuse_untrusted_release. Locks and raises nothing.
create or replace function ops_private.image_requirement(
    p_release ops.releases,
    p_stage ops.environment_stage
)
returns table (requirement text, is_met boolean, detail text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select 'image', v.is_met, v.detail
from ops_private.newest_image((p_release).project_id, (p_release).image_digest) as i
cross join lateral ops_private.image_verdict(i, p_stage) as v
$$;
comment on function ops_private.image_requirement is 'What a release''s image means for its promotion.';
revoke all on function ops_private.image_requirement from public;
