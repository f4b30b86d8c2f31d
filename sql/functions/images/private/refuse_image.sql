-- Refuses to deploy the images that a run uses of a build where policy images does not allow one in the stage of the
-- run's environment. A run without an image deploys none: its code is mounted.
-- Called by require_image before the work and by record_deployment after it. Locks nothing. Raises PT409.
create or replace function ops_private.refuse_image(
    p_run_id uuid,
    p_build_digest text
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_detail text;
begin
    select v.detail into v_detail
    from ops.runs as r
    join ops.environments as e on e.id = r.environment_id
    join ops.image_uses as u on u.run_id = r.id
    join ops.images as i on i.id = u.image_id
    cross join lateral ops_private.image_verdict(i, e.stage) as v
    where r.id = p_run_id and i.build_digest = p_build_digest and not v.is_met
    limit 1;
    if found then
        raise sqlstate 'PT409' using
            message = 'The image may not be deployed here', detail = v_detail,
            hint = 'Set ODOOOPS_COSIGN_KEY and ODOOOPS_COSIGN_PUBLIC_KEY and push again, or change policy images:'
            ' ops policy set.';
    end if;
end
$$;
comment on function ops_private.refuse_image is 'Refuses an image that policy does not allow in its stage.';
revoke all on function ops_private.refuse_image from public;
