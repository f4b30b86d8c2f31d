-- Returns whether every requirement of a promotion is met; ops.explain_promotion lists the unmet ones.
-- Called by anyone who may read the release. Locks nothing; raises PT404, and PT400 for the target.
create or replace function ops.is_eligible_for_promotion(
    release_id uuid,
    target_env text
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select bool_and(p.is_met)
from ops.explain_promotion(is_eligible_for_promotion.release_id, is_eligible_for_promotion.target_env) as p
$$;
comment on function ops.is_eligible_for_promotion is 'Whether a release may be promoted to a place now.';
revoke all on function ops.is_eligible_for_promotion from public;
grant execute on function ops.is_eligible_for_promotion to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.is_eligible_for_promotion
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
