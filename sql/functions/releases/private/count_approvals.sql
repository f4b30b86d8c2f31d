-- Returns the verdict of a gate's approvals and the persons it is based on, whatever names they used; the release's
-- author is none of them: failed while somebody's newest decision is
-- a rejection, passed once the quorum approved, else pending. Locks and raises nothing.
create or replace function ops_private.count_approvals(
    p_gate_id uuid,
    p_quorum int
)
returns table (verdict ops.ops_gate_status, reason text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with latest as (
    select distinct on (ops.person_of(a.approver_id))
        a.approver_id,
        a.decision
    from ops.approvals as a
    where a.gate_id = p_gate_id and ops.person_of(a.approver_id) is distinct from ops.person_of(a.release_author)
    order by ops.person_of(a.approver_id), a.occurred_at desc, a.created_at desc, a.id desc
), named as (
    select
        string_agg(l.approver_id, ', ' order by l.approver_id) filter (where l.decision = 'rejected') as against,
        string_agg(l.approver_id, ', ' order by l.approver_id) filter (where l.decision = 'approved') as approvers,
        count(*) filter (where l.decision = 'approved') as approvals
    from latest as l
)
select
    (case
        when n.against is not null then 'failed'
        when n.approvals >= p_quorum then 'passed'
        else 'pending'
    end)::ops.ops_gate_status,
    case
        when n.against is not null then 'rejected by ' || n.against
        else format('approved by %s of %s%s', n.approvals, p_quorum, ': ' || n.approvers)
    end
from named as n
$$;
comment on function ops_private.count_approvals is 'The verdict of a gate''s approvals, and whose they are.';
revoke all on function ops_private.count_approvals from public;
