-- Returns the checks of a run as an event tells them: those of its deployment, or all others. What a check left out,
-- such as tests that policy does not run on production's data, is skipped. Called by the functions that tell gates of
-- runs. Locks and raises nothing.
create or replace function ops_private.told_checks(
    p_run ops.runs,
    p_of_deployment boolean
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce(jsonb_agg(jsonb_build_object(
    'name', c.name,
    'status', case when not c.passed then 'failed' when c.metadata ->> 'ran' = 'false' then 'skipped' else 'passed' end,
    'summary', left(c.summary, 2000)
) order by c.created_at, c.name), '[]')
from ops.run_checks as c
where c.run_id = (p_run).id and c.attempt = (p_run).attempt and (c.name = 'healthy') = p_of_deployment
$$;
comment on function ops_private.told_checks is 'The checks of a run, as an event tells them.';
revoke all on function ops_private.told_checks from public;
