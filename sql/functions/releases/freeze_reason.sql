-- Returns the reason of the first freeze window that includes the moment, or null if there is none.
-- A window is {from, to, reason} between two moments, or, with a time zone, a weekly one between two local times:
-- {"from": "fri 16:00", "to": "mon 08:00", "time_zone": "Europe/Brussels", "reason": "weekend"}. The end is excluded.
-- Called by promotion_requirements and views. Locks and raises nothing for windows that set_policy accepted.
create or replace function ops.freeze_reason(
    p_windows jsonb,
    p_at timestamptz
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select format('%s, until %s', coalesce(w.value ->> 'reason', 'frozen'), w.value ->> 'to')
from jsonb_array_elements(p_windows) with ordinality as w (value, place)
cross join lateral (
    select
        case when w.value ? 'time_zone' then ops.minute_of_week(w.value ->> 'from') end as opens,
        case when w.value ? 'time_zone' then ops.minute_of_week(w.value ->> 'to') end as closes,
        case
            when w.value ? 'time_zone'
                then ops.minute_of_week(to_char(p_at at time zone (w.value ->> 'time_zone'), 'dy hh24:mi'))
        end as minute
) as week
where
    case
        when not w.value ? 'time_zone'
            then p_at >= (w.value ->> 'from')::timestamptz and p_at < (w.value ->> 'to')::timestamptz
        when week.opens < week.closes then week.minute >= week.opens and week.minute < week.closes
        else week.minute >= week.opens or week.minute < week.closes
    end
order by w.place
limit 1
$$;
comment on function ops.freeze_reason is 'Why nothing is promoted at a moment, if nothing is.';
revoke all on function ops.freeze_reason from public;
grant execute on function ops.freeze_reason to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.freeze_reason
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
