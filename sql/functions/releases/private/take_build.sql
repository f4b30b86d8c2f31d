-- Records at gate G1 of a release what the runs that made its image found: the check build, and each run's own checks,
-- with the files that prove them.
-- A check that is recorded for the same run already is left alone. Called by release_build, which checked the
-- permission. Locks the gate. Raises what record_gate_check raises.
create or replace function ops_private.take_build(
    p_release_id uuid,
    p_image_digest text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer record;
    v_check_id uuid;
begin
    for v_answer in
        with runs as (
            select
                r.id,
                r.attempt,
                r.run_number,
                r.finished_at
            from ops.releases as o
            join ops.run_requests as q on q.project_id = o.project_id
            join ops.runs as r on r.id = q.run_id
            join ops.run_lineage as l on l.run_id = r.id and l.attempt = r.attempt and l.asset_key = 'image'
            where
                o.id = p_release_id and l.data_version = p_image_digest and r.status = 'succeeded'
                and r.kind in ('build', 'test', 'deploy')
        ), answers as (
            select
                r.id as run_id,
                'build' as name,
                true as passed,
                format('run #%s', r.run_number) as summary,
                r.finished_at as at
            from runs as r
            union all
            select
                r.id,
                c.name,
                c.passed or not c.blocking,
                c.summary,
                c.created_at
            from runs as r
            join ops.run_checks as c on c.run_id = r.id and c.attempt = r.attempt
            where c.name <> 'healthy'
        )
        select a.* from answers as a
        where not exists (
            select from ops.gate_checks as c
            join ops.release_gates as g on g.id = c.gate_id
            where g.release_id = p_release_id and g.gate_code = 'G1' and c.name = a.name and c.run_id = a.run_id
        )
        order by a.at
    loop
        v_check_id := ops.record_gate_check(
            p_release_id, 'G1', v_answer.name, case when v_answer.passed then 'passed' else 'failed' end::ops.check_status,
            v_answer.summary, p_run_id => v_answer.run_id, p_source => 'odooops', p_occurred_at => v_answer.at
        );
        perform ops_private.prove_check(v_check_id, v_answer.run_id, v_answer.name);
    end loop;
end
$$;
comment on function ops_private.take_build is 'Records at gate G1 what the builds of a release found.';
revoke all on function ops_private.take_build from public;
