-- Returns the reason why an image may not be removed, or null. An image is kept while anything on the record may need
-- it: what is deployed, runs at work, releases that can be promoted or rolled back to, backups and kept databases.
-- Called by condemn_image, explain_image, images_to_remove and prune_images. Locks and raises nothing.
create or replace function ops_private.reason_to_keep_image(
    p_image ops.images,
    p_now timestamptz
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rules jsonb := ops_private.rules_in_force(p_image.project_id, 'images');
    v_since timestamptz := p_now - make_interval(days => (v_rules ->> 'keep_days')::int);
begin
    return coalesce(
        (
            select 'deployed in ' || e.partition_key from ops.environments as e
            where
                e.project_id = p_image.project_id and e.image_digest = p_image.build_digest
                and e.destroyed_at is null
            limit 1
        ),
        (
            select 'used by run #' || r.run_number from ops.image_uses as u
            join ops.runs as r on r.id = u.run_id
            where u.image_id = p_image.id and r.status in ('queued', 'claimed', 'running')
            limit 1
        ),
        ops_private.release_that_needs(p_image.project_id, p_image.build_digest, v_since, (v_rules ->> 'keep_releases')::int),
        (
            select 'a backup of ' || e.partition_key from ops.backups as b
            join ops.environments as e on e.id = b.environment_id
            where
                e.project_id = p_image.project_id and b.image_digest = p_image.build_digest
                and b.status not in ('failed', 'dropped')
            limit 1
        ),
        (
            select 'a restore can be undone' from ops.restores as s
            join ops.environments as e on e.id = s.environment_id
            where
                e.project_id = p_image.project_id and s.keep_previous_until > p_now
                and s.report #>> '{previous,image_digest}' = p_image.build_digest
            limit 1
        ),
        case when ops.is_unconfirmed() then 'the record came from a backup and nobody has confirmed it' end,
        case when p_image.used_at > v_since then 'used in the days of policy images.keep_days' end
    );
end
$$;
comment on function ops_private.reason_to_keep_image is 'Why an image may not be removed.';
revoke all on function ops_private.reason_to_keep_image from public;
