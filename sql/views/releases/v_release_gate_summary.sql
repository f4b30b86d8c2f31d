-- Shows every gate of every release in one row: its status, its basis, and what is missing.
-- The counts are computed per gate, so that a page of gates costs as much as its gates.
create view ops.v_release_gate_summary
with (security_invoker = true) as
select
    r.project_id,
    p.slug as project_slug,
    r.id as release_id,
    r.version,
    r.status as release_status,
    r.created_by,
    r.created_at,
    s.gate_id,
    s.gate_code,
    s.status,
    s.merit,
    s.reason,
    coalesce(c.total, 0) as checks_total,
    coalesce(c.passed, 0) as checks_passed,
    coalesce(c.failed, 0) as checks_failed,
    coalesce(c.skipped, 0) as checks_skipped,
    (
        select coalesce(array_agg(n.name order by n.name), '{}') from unnest(s.required_checks) as n (name)
        where n.name <> all(coalesce(c.names, '{}'))
    ) as checks_missing,
    s.quorum,
    coalesce(a.approved, 0) as approvals,
    coalesce(a.rejected, 0) as rejections,
    coalesce(a.approvers, '{}') as approvers,
    s.exception_id,
    s.expires_at as exception_expires_at,
    -- two queries, each with its index: a combined one would read everything
    (
        select count(*) from ops.evidence_artifacts as e
        where e.gate_id = s.gate_id
    ) + (
        select count(*)
        from ops.gate_checks as k
        join ops.evidence_artifacts as e on e.check_id = k.id
        where k.gate_id = s.gate_id and e.gate_id is distinct from s.gate_id
    ) as evidence_count,
    s.deadline_at,
    s.evaluated_at,
    s.is_required
from ops.v_gate_status as s
join ops.releases as r on r.id = s.release_id
join ops.projects as p on p.id = r.project_id
left join lateral ( -- noqa: ST05
    with latest as (
        select distinct on (k.name)
            k.name,
            k.status
        from ops.gate_checks as k
        where k.gate_id = s.gate_id
        order by k.name asc, k.occurred_at desc, k.created_at desc, k.id desc
    )

    select
        count(*) as total,
        count(*) filter (where l.status = 'passed') as passed,
        count(*) filter (where l.status = 'failed') as failed,
        count(*) filter (where l.status = 'skipped') as skipped,
        array_agg(l.name) as names
    from latest as l
) as c on true
left join lateral ( -- noqa: ST05
    with latest as (
        select distinct on (ops.person_of(d.approver_id))
            d.approver_id,
            d.decision
        from ops.approvals as d
        where d.gate_id = s.gate_id and ops.person_of(d.approver_id) is distinct from ops.person_of(d.release_author)
        order by ops.person_of(d.approver_id) asc, d.decision desc, d.occurred_at desc, d.created_at desc, d.id desc
    )

    select
        count(*) filter (where l.decision = 'approved') as approved,
        count(*) filter (where l.decision = 'rejected') as rejected,
        array_agg(l.approver_id order by l.approver_id) filter (where l.decision = 'approved') as approvers
    from latest as l
) as a on true;
comment on view ops.v_release_gate_summary is 'Gates of releases: how each stands, by how many answers and by whom.';
comment on column ops.v_release_gate_summary.status is 'As of now; bypassed while an exception is active.';
comment on column ops.v_release_gate_summary.merit is 'What checks and approvals say, exceptions left aside.';
comment on column ops.v_release_gate_summary.is_required is 'Whether policy asked for it when it was made.';
comment on column ops.v_release_gate_summary.checks_total is 'Questions that were answered, each by its newest answer.';
comment on column ops.v_release_gate_summary.checks_missing is 'Checks that the gate waits for and nobody answered.';
comment on column ops.v_release_gate_summary.quorum is 'How many must approve; gates G2 and G3 only.';
comment on column ops.v_release_gate_summary.evidence_count is 'Evidence of the gate and of its checks.';
comment on column ops.v_release_gate_summary.checks_passed is 'Questions whose newest answer is yes.';
comment on column ops.v_release_gate_summary.checks_failed is 'Questions whose newest answer is no.';
comment on column ops.v_release_gate_summary.checks_skipped is 'Questions that were left out this time.';
comment on column ops.v_release_gate_summary.approvals is 'How many people approved and did not reject.';
comment on column ops.v_release_gate_summary.rejections is 'How many people rejected; a rejection stays.';
comment on column ops.v_release_gate_summary.approvers is 'Who approves.';
comment on column ops.v_release_gate_summary.exception_expires_at is 'Until when the active exception waives the gate.';
revoke all on ops.v_release_gate_summary from public, anon;
grant select on ops.v_release_gate_summary to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_release_gate_summary
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
