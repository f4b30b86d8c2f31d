-- Shows the run, commit and inputs of each asset: the answer to "what is this preview made of?".
create view ops.v_run_lineage
with (security_invoker = true) as
select
    p.slug as project_slug,
    l.partition_key,
    l.asset_key,
    r.run_number,
    l.run_id,
    l.attempt,
    r.git_sha,
    r.git_ref,
    l.code_version,
    l.data_version,
    l.inputs,
    r.dagster_run_id,
    l.created_at
from ops.run_lineage as l
join ops.runs as r on r.id = l.run_id
join ops.projects as p on p.id = r.project_id;
comment on view ops.v_run_lineage is 'Assets with the runs, commits and inputs they were made from.';
comment on column ops.v_run_lineage.inputs is 'The data version of every asset it was made from.';
revoke all on ops.v_run_lineage from public, anon;
grant select on ops.v_run_lineage to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_run_lineage
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
