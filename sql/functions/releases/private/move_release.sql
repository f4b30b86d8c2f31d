-- Moves a release to a state and returns whether it did: the only writer of a release's state. A withdrawn release stays
-- withdrawn, a rolled back one is at most withdrawn, and p_from limits the states that it leaves. Locks the release. A retry changes nothing.
create or replace function ops_private.move_release(
    p_release_id uuid,
    p_to ops.ops_release_status,
    p_from ops.ops_release_status[] default null
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.releases as r
    set status = p_to, withdrawn_at = case p_to when 'withdrawn' then clock_timestamp() end
    where
        r.id = p_release_id and r.status not in ('withdrawn', p_to) and (r.status <> 'rolled_back' or p_to = 'withdrawn')
        and (p_from is null or r.status = any (p_from));
    return found;
end
$$;
comment on function ops_private.move_release is 'Moves a release to a state.';
revoke all on function ops_private.move_release from public;
