-- Asks for the removal of a project's images that nothing on the record needs, and returns how many; the job
-- image_removal carries it out and judges each again. Called by people who may manage the project. Locks the images.
-- Raises PT404 and PT403. A retry is harmless.
-- Definer: nobody may write images directly; the caller's permission is checked.
create or replace function ops.prune_images(p_project_id uuid)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count int;
begin
    perform ops_private.require_permission(p_project_id, 'manage');
    update ops.images as i
    set condemned_at = coalesce(i.condemned_at, clock_timestamp())
    where
        i.project_id = p_project_id and i.removed_at is null
        and ops_private.reason_to_keep_image(i, clock_timestamp()) is null;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function ops.prune_images is 'Asks for the removal of images that nothing needs.';
revoke all on function ops.prune_images from public;
grant execute on function ops.prune_images to authenticated, service_role, ops_operator;
