-- Lists the files of runs, under the name that seed B gives them.
create view ops.artifacts
with (security_invoker = true) as
select
    a.id,
    r.project_id,
    a.run_id,
    a.attempt,
    a.artifact_key,
    a.s3_url,
    a.sha256,
    a.content_type,
    a.size_bytes,
    a.expires_at,
    a.created_at
from ops.run_artifacts as a
join ops.runs as r on r.id = a.run_id;
comment on view ops.artifacts is 'Files of runs, each with its project.';
comment on column ops.artifacts.project_id is 'The project of the run that left it.';
revoke all on ops.artifacts from public, anon;
grant select on ops.artifacts to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.artifacts
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
