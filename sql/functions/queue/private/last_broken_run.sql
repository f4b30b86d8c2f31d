-- Returns a run with an event before that time whose chain does not verify, or null. Locks and raises nothing.
create or replace function ops_private.last_broken_run(
    p_until timestamptz
)
returns uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run_id uuid;
begin
    for v_run_id in
        select distinct e.run_id from ops.run_events as e where e.created_at < p_until
    loop
        if not exists (select from ops.runs as r where r.id = v_run_id) or not ops.verify_run_chain(v_run_id) then
            return v_run_id;
        end if;
    end loop;
    return null;
end
$$;
comment on function ops_private.last_broken_run is 'A run with an event before that time whose chain is broken.';
revoke all on function ops_private.last_broken_run from public;
