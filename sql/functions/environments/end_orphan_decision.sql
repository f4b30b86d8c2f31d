-- Ends the pending decision about an orphan: it was carried out, or could not be for the given reason. A decision that a
-- person made meanwhile stays.
-- Called by the janitor. Locks the orphan's row. Raises nothing; a retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.end_orphan_decision(
    p_kind ops.orphan_kind,
    p_name text,
    p_decided_at timestamptz,
    p_refusal text default null
)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
update ops.orphans as o
set decision = null, decided_by = null, decided_at = null, refusal = nullif(p_refusal, '')
where o.kind = p_kind and o.name = p_name and o.decided_at = p_decided_at
$$;
comment on function ops.end_orphan_decision is 'Ends what a person decided about an orphan.';
revoke all on function ops.end_orphan_decision from public;
grant execute on function ops.end_orphan_decision to service_role, ops_worker;
