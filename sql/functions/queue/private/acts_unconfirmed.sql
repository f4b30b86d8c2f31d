-- Returns whether a run may act while the record is unconfirmed: an allow-list of what removes and replaces nothing and
-- brings no data of a staging or production to people. Called by every way into and out of the queue.
-- Locks and raises nothing.
create or replace function ops_private.acts_unconfirmed(
    p_kind ops.run_kind,
    p_stage ops.environment_stage
)
returns boolean
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return p_kind in ('build', 'test', 'drill', 'verify', 'compare')
        or (p_stage is not distinct from 'development' and p_kind in ('start', 'stop'));
end
$$;
comment on function ops_private.acts_unconfirmed is 'Whether a run may act before a restored record is confirmed.';
revoke all on function ops_private.acts_unconfirmed from public;
