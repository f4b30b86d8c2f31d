-- Returns the permission that is needed to record facts of a gate. Called by RPCs of gates. Raises nothing.
create or replace function ops_private.gate_permission(p_gate_code ops.ops_gate_code)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case p_gate_code
    when 'G1' then 'ingest_build' when 'G2' then 'sign_off_g2' when 'G3' then 'sign_off_g3' when 'G4' then 'deploy'
end
$$;
comment on function ops_private.gate_permission is 'The permission that answering a gate''s questions takes.';
revoke all on function ops_private.gate_permission from public;
