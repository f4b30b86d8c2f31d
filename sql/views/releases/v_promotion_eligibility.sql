-- Shows the stages to which each release may be promoted now, and the first unmet requirement of each.
create view ops.v_promotion_eligibility
with (security_invoker = true) as
select
    r.project_id,
    p.slug as project_slug,
    r.id as release_id,
    r.version,
    r.status as release_status,
    r.created_by,
    r.created_at,
    staging.is_eligible as eligible_for_staging,
    staging.missing as staging_missing,
    production.is_eligible as eligible_for_production,
    production.missing as production_missing,
    r.prepared_at,
    r.prepared_by,
    production.is_eligible and ops.waits_for_go(r.id) as waits_for_go
from ops.releases as r
join ops.projects as p on p.id = r.project_id
inner join lateral (
    select
        bool_and(q.is_met) as is_eligible,
        (array_agg(q.requirement || ': ' || q.detail) filter (where not q.is_met))[1] as missing
    from ops.explain_promotion(r.id, 'staging') as q
) as staging on true
inner join lateral (
    select
        bool_and(q.is_met) as is_eligible,
        (array_agg(q.requirement || ': ' || q.detail) filter (where not q.is_met))[1] as missing
    from ops.explain_promotion(r.id, 'production') as q
) as production on true;
comment on view ops.v_promotion_eligibility is
'Releases, whether each may go to staging and to production, and what it lacks.';
comment on column ops.v_promotion_eligibility.staging_missing is 'The first requirement that is not met.';
comment on column ops.v_promotion_eligibility.production_missing is 'The first requirement that is not met.';
comment on column ops.v_promotion_eligibility.eligible_for_staging is 'Whether it may go to staging now.';
comment on column ops.v_promotion_eligibility.eligible_for_production is 'Whether it may go to production now.';
comment on column ops.v_promotion_eligibility.prepared_at is 'When its promotion to production was prepared.';
comment on column ops.v_promotion_eligibility.prepared_by is 'Who prepared it.';
comment on column ops.v_promotion_eligibility.waits_for_go is
'Whether it is prepared, all that it needs is still there, and a person has not said go.';
revoke all on ops.v_promotion_eligibility from public, anon;
grant select on ops.v_promotion_eligibility to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_promotion_eligibility
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
