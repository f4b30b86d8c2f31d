-- Returns whether the removal of images has something to do: a removal that was asked for or was not completed, and once
-- a day any image that may not be needed any more. p_last_at is the start of the last removal that succeeded.
-- Called by the schedule image_removal. While the record waits for a person nothing is removed. Locks and raises nothing.
create or replace function ops.image_removal_is_due(
    p_now timestamptz,
    p_last_at timestamptz
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select not ops.is_unconfirmed() and exists (
    select from ops.images as i
    where
        i.removed_at is null
        and (p_last_at is null or p_last_at <= p_now - interval '1 day' or i.condemned_at > p_last_at)
)
$$;
comment on function ops.image_removal_is_due is 'Whether images may be past their time.';
revoke all on function ops.image_removal_is_due from public;
grant execute on function ops.image_removal_is_due to service_role, ops_worker;
