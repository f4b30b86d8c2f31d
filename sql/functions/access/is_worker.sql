-- Returns whether the caller is only the platform's worker, which carries out people's decisions.
-- Called by has_permission. Locks and raises nothing.
create or replace function ops.is_worker()
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role name := ops.caller_role();
begin
    return pg_has_role(v_role, 'ops_worker', 'usage') and not pg_has_role(v_role, 'service_role', 'usage')
        and not pg_has_role(
            v_role, (select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'ops'), 'usage'
        );
end
$$;
comment on function ops.is_worker is 'Whether the caller is the platform''s worker and no more.';
revoke all on function ops.is_worker from public;
grant execute on function ops.is_worker to service_role, ops_worker;
