-- Lists the images that nothing on the record needs, of one project or of all that the caller may read, those that were
-- not used for the longest time first. Called by step images and by ops image prune. Locks and raises nothing.
-- Definer: the answer is the same for every caller; the caller's right to read each project is checked.
create or replace function ops.images_to_remove(p_project_id uuid default null)
returns table (id uuid, project_slug text, reference text, used_at timestamptz)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select i.id, p.slug, i.reference, i.used_at
from ops.images as i
join ops.projects as p on p.id = i.project_id
where
    i.removed_at is null and i.project_id = coalesce(p_project_id, i.project_id)
    and ops.has_permission(i.project_id, 'read')
    and ops_private.reason_to_keep_image(i, clock_timestamp()) is null
order by i.used_at asc, i.id asc
$$;
comment on function ops.images_to_remove is 'The images that nothing on the record needs.';
revoke all on function ops.images_to_remove from public;
grant execute on function ops.images_to_remove to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.images_to_remove to qa_tester, release_manager, sre, developer, audit_reader;
