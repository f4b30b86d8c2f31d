-- Shows the evidence of each gate, and the claims without evidence.
create view ops.v_evidence_completeness
with (security_invoker = true) as
select
    s.project_id,
    s.release_id,
    s.version,
    s.gate_id,
    s.gate_code,
    s.status,
    coalesce(e.evidence_count, 0) + coalesce(c.evidence_count, 0) as evidence_count,
    coalesce(c.checks, 0) as checks,
    coalesce(c.without_evidence, '{}') as checks_without_evidence,
    array_remove(array[
        case when cardinality(c.without_evidence) > 0 then 'checks without evidence' end,
        case
            when s.merit = 'passed' and coalesce(e.evidence_count, 0) + coalesce(c.evidence_count, 0) = 0
                then 'passed without evidence'
        end,
        case when s.status = 'bypassed' then 'bypassed' end
    ], null) as gaps,
    cardinality(coalesce(c.without_evidence, '{}')) = 0 and s.status <> 'bypassed'
    and (s.merit <> 'passed' or coalesce(e.evidence_count, 0) + coalesce(c.evidence_count, 0) > 0) as is_complete
from ops.v_gate_status as s
left join lateral (
    select count(*) as evidence_count from ops.evidence_artifacts as o
    where o.gate_id = s.gate_id and o.check_id is null
) as e on true
left join lateral ( -- noqa: ST05
    with latest as (
        select distinct on (k.name)
            k.id,
            k.name
        from ops.gate_checks as k
        where k.gate_id = s.gate_id
        order by k.name asc, k.occurred_at desc, k.created_at desc, k.id desc
    ),

    proved as (
        select
            l.name,
            count(o.id) as evidence_count
        from latest as l
        left join ops.evidence_artifacts as o on o.check_id = l.id
        group by l.name
    )

    select
        count(*) as checks,
        sum(l.evidence_count)::bigint as evidence_count,
        array_agg(l.name order by l.name) filter (where l.evidence_count = 0) as without_evidence
    from proved as l
) as c on true;
comment on view ops.v_evidence_completeness is 'Evidence of each gate, and what is claimed without any.';
comment on column ops.v_evidence_completeness.evidence_count is
'Evidence of the gate and of the newest answer to each check.';
comment on column ops.v_evidence_completeness.gaps is
'What is claimed without proof, in words; empty where nothing is.';
comment on column ops.v_evidence_completeness.checks is 'How many questions of the gate were answered.';
comment on column ops.v_evidence_completeness.checks_without_evidence is
'The answered questions that nothing proves, by name.';
comment on column ops.v_evidence_completeness.is_complete is 'Whether nothing is claimed without proof.';
revoke all on ops.v_evidence_completeness from public, anon;
grant select on ops.v_evidence_completeness to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_evidence_completeness
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
