-- Lists each requirement of a promotion with whether it is met, and by what; target_env is staging, production or an
-- environment's name. Called by anyone who may read the release. Locks nothing; raises PT404, and PT400 for the target.
-- Definer: the answer is the same for every caller; the caller's right to read the project is checked.
create or replace function ops.explain_promotion(
    release_id uuid,
    target_env text
)
returns table (requirement text, is_met boolean, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(explain_promotion.release_id);
begin
    return query
    select p.requirement, p.is_met, p.detail
    from ops_private.promotion_requirements(
        v_release.id, ops_private.target_stage(v_release.project_id, explain_promotion.target_env)
    ) as p;
end
$$;
comment on function ops.explain_promotion is 'Each requirement of a promotion, met or not, and by what.';
revoke all on function ops.explain_promotion from public;
grant execute on function ops.explain_promotion to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.explain_promotion
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
