-- Returns the image of a build that was used last; no row if the build was never pushed, as with mounted code.
-- Called by image_requirement. Locks and raises nothing.
create or replace function ops_private.newest_image(
    p_project_id uuid,
    p_build_digest text
)
returns setof ops.images
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select i.* from ops.images as i
where i.project_id = p_project_id and i.build_digest = p_build_digest and i.removed_at is null
order by i.used_at desc, i.id desc
limit 1
$$;
comment on function ops_private.newest_image is 'The image of a build that was used last.';
revoke all on function ops_private.newest_image from public;
