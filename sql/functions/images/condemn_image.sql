-- Begins the removal of an image that nothing on the record needs, and returns it with the layers that no other image of
-- the platform has, the highest first; no row if it is removed already or needed, also if its removal had begun: it is
-- kept then. Every other image that is not removed keeps its layers, also one that could be removed itself.
-- Called by step images, which holds the lock of images: no run can begin to use the image meanwhile. Locks the image.
-- Raises nothing. A retry returns the same image.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.condemn_image(p_image_id uuid)
returns table (reference text, tags text[], layers text[], build_digest text)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
with judged as materialized (
    update ops.images as i
    set condemned_at = case
        when ops_private.reason_to_keep_image(i, clock_timestamp()) is null
            then coalesce(i.condemned_at, clock_timestamp())
    end
    where i.id = p_image_id and i.removed_at is null
    returning i.*
)
select j.reference, j.tags, array(
    select l.name from unnest(j.layers) with ordinality as l (name, place)
    where not exists (
        select from ops.images as o where o.id <> j.id and o.removed_at is null and l.name = any(o.layers)
    )
    order by l.place desc
), j.build_digest
from judged as j
where j.condemned_at is not null
$$;
comment on function ops.condemn_image is 'Begins the removal of an image that nothing needs.';
revoke all on function ops.condemn_image from public;
grant execute on function ops.condemn_image to service_role, ops_worker;
