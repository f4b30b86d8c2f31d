-- Records the files of a run that prove an answer to a check of a gate. Called by take_build and tell_staged. Locks
-- nothing. Raises what record_evidence raises. A retry records nothing twice.
create or replace function ops_private.prove_check(
    p_check_id uuid,
    p_run_id uuid,
    p_name text
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
select ops.record_evidence(
    e.value ->> 'kind', e.value ->> 's3_url', e.value ->> 'sha256', p_check_id => p_check_id,
    p_content_type => e.value ->> 'content_type', p_size_bytes => (e.value ->> 'size_bytes')::bigint
)
from ops.runs as r
cross join lateral jsonb_array_elements(
    ops_private.told_evidence(r, jsonb_build_array(jsonb_build_object('name', p_name)))
) as e
where r.id = p_run_id
$$;
comment on function ops_private.prove_check is 'Records the files of a run that prove an answer.';
revoke all on function ops_private.prove_check from public;
