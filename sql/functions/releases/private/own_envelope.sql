-- Returns the envelope of an event that the platform tells of its own run. Its idempotency key is of the platform's
-- own name space, which no other sender may use: odooops/shop#12/1/build_complete. Called by the functions that tell
-- gates of runs. Locks and raises nothing.
create or replace function ops_private.own_envelope(
    p_run ops.runs,
    p_release ops.releases,
    p_event_type text,
    p_facts jsonb,
    p_step text default null
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object(
    'schema_version', '1.0', 'event_type', p_event_type,
    'idempotency_key', concat_ws(
        '/', 'odooops', format('%s#%s', p.slug, q.run_number), (p_run).attempt, p_event_type, p_step
    ),
    'source', 'odooops', 'project', p.slug, 'release', (p_release).id,
    'occurred_at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'git_sha', (p_run).git_sha, 'image_digest', (p_release).image_digest
) || p_facts
from ops.projects as p
join ops.run_requests as q on q.run_id = (p_run).id
where p.id = (p_run).project_id
$$;
comment on function ops_private.own_envelope is 'An event that the platform tells of its own run.';
revoke all on function ops_private.own_envelope from public;
