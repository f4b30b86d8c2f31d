-- Returns the files of a run that prove these checks, as an event tells them: each with the check that it proves.
-- Called by the functions that tell gates of runs. Locks and raises nothing.
create or replace function ops_private.told_evidence(
    p_run ops.runs,
    p_checks jsonb
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce(jsonb_agg(jsonb_build_object(
    'kind', a.artifact_key, 's3_url', a.s3_url, 'sha256', a.sha256, 'content_type', a.content_type,
    'size_bytes', a.size_bytes, 'check', p.name
) order by p.name, a.artifact_key), '[]')
from ops.run_artifacts as a
join ops_private.check_proofs() as p on p.artifact_key = a.artifact_key
where
    a.run_id = (p_run).id and a.attempt = (p_run).attempt
    and p.name in (select c.value ->> 'name' from jsonb_array_elements(p_checks) as c)
$$;
comment on function ops_private.told_evidence is 'The files of a run that prove checks, as an event tells them.';
revoke all on function ops_private.told_evidence from public;
