-- Records an image that a run made or is about to deploy, with the key that verified its signature now, and returns its
-- id. An image whose removal had begun is kept again. Called by steps image and deployment; both hold the lock of
-- images, as the removal does. Locks the run's row and the image's. Raises PT404 and PT410 for the attempt, and PT400
-- for a digest that is none. A retry changes nothing but the time of the last use.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_image(
    p_run_id uuid,
    p_attempt int,
    p_build_digest text,
    p_reference text,
    p_signed_by text default null,
    p_tags text[] default '{}',
    p_layers text[] default '{}'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_id uuid;
begin
    insert into ops.images as i (project_id, build_digest, reference, signed_by, tags, layers)
    values (v_run.project_id, p_build_digest, p_reference, p_signed_by, p_tags, p_layers)
    on conflict (project_id, reference) do update
    set
        signed_by = excluded.signed_by, used_at = clock_timestamp(), condemned_at = null, removed_at = null,
        pushed_at = case when i.removed_at is null then i.pushed_at else clock_timestamp() end,
        tags = array(select distinct t from unnest(i.tags || excluded.tags) as t order by t),
        layers = case when excluded.layers = '{}' then i.layers else excluded.layers end
    where i.build_digest = excluded.build_digest
    returning i.id into v_id;
    if v_id is null then
        raise sqlstate 'PT400' using
            message = format('%s holds another build than %s', p_reference, p_build_digest),
            hint = 'Push the commit again: its image is made anew.';
    end if;
    insert into ops.image_uses (image_id, run_id) values (v_id, p_run_id) on conflict do nothing;
    return v_id;
exception when check_violation then
    raise sqlstate 'PT400' using
        message = 'No image may have these values', detail = sqlerrm,
        hint = 'An image is named NAME@sha256:…, and a build and a key sha256:….';
end
$$;
comment on function ops.record_image is 'Records an image that a run made or deploys.';
revoke all on function ops.record_image from public;
grant execute on function ops.record_image to service_role, ops_worker;
