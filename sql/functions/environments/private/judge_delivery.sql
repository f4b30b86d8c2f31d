-- Returns whether a push is stale (a newer push came before it), and whether it is doubtful, so that only the
-- repository knows. A push that moves the branch from its known head is applied. Otherwise a commit that the branch
-- left more often than it came there is an old one. A deletion is applied only if no delivery reports a later life of
-- the branch: in doubt, only the repository counts.
-- Called by apply_delivery; p_head is empty for a branch that does not exist. Locks and raises nothing.
create or replace function ops_private.judge_delivery(
    p_delivery ops.push_deliveries,
    p_head text
)
returns table (is_overtaken boolean, is_doubtful boolean)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_head text := coalesce(p_head, '0');
    v_from text := regexp_replace((p_delivery).previous_sha, '^0+$', '0');
    v_to text := regexp_replace((p_delivery).sha, '^0+$', '0');
    v_fits boolean := v_from is not distinct from v_head;
    v_told record;
begin
    select t.* into v_told from ops_private.other_tellings(p_delivery) as t;
    if v_to = v_head then
        is_overtaken := false;
        is_doubtful := false;
    elsif v_to = '0' then
        is_overtaken := not v_fits or v_told.departures > v_told.arrivals + 1; -- it was not there before its first life
        is_doubtful := is_overtaken;
    else
        is_overtaken := not v_fits
            and (v_told.departures > v_told.arrivals or (v_told.echoes > 0 and v_from is distinct from '0'));
        is_doubtful := not v_fits or v_told.departures > v_told.arrivals or v_told.echoes > 0;
    end if;
    return next;
end
$$;
comment on function ops_private.judge_delivery is 'Whether a push is stale, and whether it is doubtful.';
revoke all on function ops_private.judge_delivery from public;
