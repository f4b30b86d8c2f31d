-- Lists the requirements of a release's promotion to a stage, whether each is met, and by what.
-- Called by explain_promotion and by the functions that refuse an ineligible promotion. Locks and raises nothing.
-- A release that was withdrawn, or rolled back in production, goes nowhere any more.
-- Staging needs G1 and no failed gate, but for a G4 whose window closed unproven: to deploy again reopens it.
-- Production needs G1 to G3, no failed gate, and no freeze unless glass was broken for it; policy may require more. A
-- gate that policy promotion.release did not ask for, neither when the release was made nor now, need not pass.
-- A red upgrade preview of the same build keeps it from production; policy may ask for one. An image of the build needs
-- the signature that policy images asks for in the stage. They come in one order, the
-- gates by their codes: the first that is not met is what people read.
-- It is PL/pgSQL so that its plan is kept: reports call it for many releases at once.
create or replace function ops_private.promotion_requirements(
    p_release_id uuid,
    p_stage ops.environment_stage
)
returns table (requirement text, is_met boolean, detail text)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan -- to plan it takes four times as long as to run it
set enable_seqscan = off -- as ops.usual_duration
as $$
#variable_conflict use_column
begin
    return query
    with release as (
        select r.*, ops_private.rules_in_force(r.project_id, 'promotion') as rules from ops.releases as r where r.id = p_release_id
    ), gates as materialized (
        select * from ops.v_gate_status as s where s.release_id = p_release_id
    ), staging as (
        select d.g4_status from ops.deployments as d
        where d.release_id = p_release_id and d.stage = 'staging' and d.status <> 'failed'
        order by d.created_at desc, d.id desc
        limit 1
    ), demands as (
        select
            g.*,
            case g.gate_code
                when 'G1' then true
                when 'G2' then a.is_asked and (p_stage = 'production' or (r.rules ->> 'staging_requires_g2')::boolean)
                when 'G3' then a.is_asked and p_stage = 'production'
                else false
            end as must_pass,
            g.gate_code = 'G4' and p_stage = 'staging' and g.is_overdue as is_reopened,
            a.is_asked,
            g.gate_code = 'G4' and p_stage = 'production' and (r.rules ->> 'production_requires_g4')::boolean as must_be_healthy
        from release as r
        cross join gates as g
        cross join lateral (select g.is_required or r.rules ->> 'release' = 'gated' as is_asked) as a
    ), requirements (requirement, is_met, detail) as (
        select 'release', r.status not in ('withdrawn', 'rolled_back'), case r.status
            when 'withdrawn' then 'withdrawn'
            when 'rolled_back' then format('%s was rolled back and stays so: make another release', r.version)
            else format('%s is a %s', r.version, r.status) end
        from release as r
        union all
        select
            d.gate_code::text,
            d.status = 'bypassed' or (
                (d.status::text not in ('failed', 'inconclusive') or d.is_reopened) and (d.status = 'passed' or not d.must_pass)
                and (not d.must_be_healthy or exists (select from staging as s where s.g4_status = 'passed'))
            ),
            case
                when d.status = 'bypassed' then
                    format('bypassed by %s until %s: %s', d.granted_by, to_char(d.expires_at at time zone 'UTC',
                        'YYYY-MM-DD"T"HH24:MI:SS"Z"'), d.exception_reason)
                when d.is_reopened then 'its window closed before its health was proved: a new deployment reopens it'
                when d.must_be_healthy and d.status <> 'failed' and not exists (
                    select from staging as s where s.g4_status = 'passed'
                ) then 'the newest deployment to staging has not proved its health'
                when not d.is_asked and d.status = 'pending' then 'not required: policy promotion.release is not gated'
                when d.status = 'pending' and not d.must_pass and not d.must_be_healthy then format('not needed for %s', p_stage)
                else concat_ws(': ', d.status, d.reason)
            end
        from demands as d
        union all
        select 'freeze', f.reason is null or g.broken, coalesce(f.reason || case when g.broken then ' (glass broken)' else '' end,
            'nothing is frozen')
        from release as r
        cross join lateral (select ops.freeze_reason(r.rules -> 'freeze_windows', ops.right_now()) as reason) as f
        cross join (select coalesce(bool_or(s.is_break_glass), false) as broken from gates as s) as g
        where p_stage = 'production'
        union all
        select 'rehearsal', h.status = 'passed', case h.status
            when 'passed' then format('%s; it counts until %s', h.summary, to_char(
                h.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            when 'expired' then format('it expired: policy allows %s h', r.rules ->> 'rehearsal_max_age_hours')
            when 'changed' then 'the release is not what was rehearsed any more'
            else h.summary end
        from release as r
        cross join lateral ops_private.rehearsal_of(
            r.id, 'infinity', ops_private.digest_of_shown(r.id, p_with_rehearsal => false)
        ) as h
        where p_stage = 'production' and r.rules ->> 'rehearsal' = 'required'
        union all
        select u.*
        from ops.releases as r
        cross join release as f
        cross join lateral ops_private.preview_requirement(r, f.rules) as u
        where p_stage = 'production' and r.id = p_release_id
        union all
        select m.*
        from ops.releases as r
        cross join lateral ops_private.image_requirement(r, p_stage) as m
        where r.id = p_release_id
    )
    select q.requirement, q.is_met, q.detail
    from requirements as q
    order by array_position(array['release', 'G1', 'G2', 'G3', 'G4', 'freeze', 'rehearsal', 'preview', 'image'], q.requirement);
end
$$;
comment on function ops_private.promotion_requirements is 'What a release needs for a stage, and whether it has it.';
revoke all on function ops_private.promotion_requirements from public;
