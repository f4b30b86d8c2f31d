-- Lists the seconds of each phase of a promotion or rehearsal, and of its downtime: where modules changed, people are kept
-- out from the copy of the data to the proof of health; where none did, never. The proved build answers in the start.
-- Called by v_release_downtime and v_deployment_history. Locks and raises nothing.
create or replace function ops.seconds_of_phases(p_phases jsonb)
returns table (phase text, seconds numeric)
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select e.key, e.value::numeric from jsonb_each_text(p_phases) as e
union all
select 'downtime', coalesce(sum(e.value::numeric) filter (where e.key <> 'start'), 0)
from jsonb_each_text(p_phases) as e
where p_phases ? 'start' and (e.key = 'start' or p_phases ? 'copy' and e.key in ('copy', 'update', 'health'))
having count(*) > 0
$$;
comment on function ops.seconds_of_phases is 'The seconds of each phase, and of the downtime.';
revoke all on function ops.seconds_of_phases from public;
grant execute on function ops.seconds_of_phases to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.seconds_of_phases
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
