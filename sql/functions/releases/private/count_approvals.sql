-- Returns the verdict of a gate's approvals and the persons it is based on, whatever names they used; the release's
-- author is none of them: failed since somebody rejected it, which no later decision lifts, passed once the quorum
-- approved, else pending. Where one person counts for only one of G2 and G3, the quorums are a matching of persons to gates: of
-- those who approved both, G2 takes as many as it lacks and the others count for G3. So both pass whenever there are
-- enough persons for both, in whatever order they decided. An approval of what has changed since does not count.
-- Called by gate_verdict. Locks and raises nothing.
create or replace function ops_private.count_approvals(p_gate ops.release_gates)
returns table (verdict ops.ops_gate_status, reason text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with persons as (
    select
        max(l.approver_id) filter (where l.is_here) as name,
        coalesce(bool_or(l.decision = 'rejected') filter (where l.is_here), false) as is_against,
        coalesce(bool_or(l.decision = 'approved' and l.changed is null) filter (where l.is_here), false) as is_for_this,
        coalesce(bool_or(l.decision = 'approved' and l.changed is null) filter (where not l.is_here), false) as is_for_other,
        max(l.approver_id || ', ' || l.changed) filter (where l.is_here and l.decision = 'approved') as void
    from ops_private.standing_decisions(p_gate) as l
    group by l.person
), counted as (
    select
        string_agg(p.name, ', ' order by p.name) filter (where p.is_against) as against,
        string_agg(p.name, ', ' order by p.name) filter (where p.is_for_this) as approvers,
        string_agg(p.void, '; ' order by p.void) as void,
        count(*) filter (where p.is_for_this) as approvals,
        count(*) filter (where p.is_for_this and p.is_for_other) as both,
        count(*) filter (where p.is_for_other and not p.is_for_this) as only_other
    from persons as p
), matched as (
    select
        c.*,
        case (p_gate).gate_code when 'G3' then least(c.both, greatest(0, (
            select o.quorum from ops.release_gates as o
            where o.release_id = (p_gate).release_id and o.gate_code = 'G2'
        ) - c.only_other)) else 0 end as taken
    from counted as c
)
select
    (case
        when m.against is not null then 'failed'
        when m.approvals - m.taken >= (p_gate).quorum then 'passed'
        else 'pending'
    end)::ops.ops_gate_status,
    case
        when m.against is not null then 'rejected by ' || m.against
        else format('approved by %s of %s%s', m.approvals - m.taken, (p_gate).quorum, ': ' || m.approvers)
            || case when m.taken > 0 then format(', %s of whom G2 needs', m.taken) else '' end
            || coalesce(' (does not count: ' || m.void || ')', '')
    end
from matched as m
$$;
comment on function ops_private.count_approvals is 'The verdict of a gate''s approvals, and whose they are.';
revoke all on function ops_private.count_approvals from public;
