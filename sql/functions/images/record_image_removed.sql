-- Records that a condemned image is gone from its registry and the engine. Called by step images. Locks the image.
-- Raises PT409 for an image that is not condemned any more: a run uses it again. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_image_removed(p_image_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.images as i
    set removed_at = coalesce(i.removed_at, clock_timestamp())
    where i.id = p_image_id and i.condemned_at is not null;
    if not found then
        raise sqlstate 'PT409' using
            message = format('Image %s is not being removed', p_image_id), hint = 'ops image explain shows why.';
    end if;
end
$$;
comment on function ops.record_image_removed is 'Records that an image is gone.';
revoke all on function ops.record_image_removed from public;
grant execute on function ops.record_image_removed to service_role, ops_worker;
