-- Shows the images of builds that were not removed; explain_image says why one is kept.
create view ops.v_images
with (security_invoker = true) as
select
    i.id,
    i.project_id,
    p.slug as project_slug,
    i.reference,
    i.build_digest,
    i.tags,
    i.signed_by,
    i.pushed_at,
    i.used_at,
    i.layers,
    i.condemned_at
from ops.images as i
join ops.projects as p on p.id = i.project_id
where i.removed_at is null;
comment on view ops.v_images is 'Images of builds in registries.';
revoke all on ops.v_images from public, anon;
grant select on ops.v_images to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_images to qa_tester, release_manager, sre, developer, audit_reader;
