-- Returns the run that was already queued with the idempotency key. Called by queue_run, before and after its insert.
-- Raises PT409 if the key was used for another body.
create or replace function ops_private.find_same_request(
    p_project_id uuid,
    p_key text,
    p_body bytea
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_request ops.run_requests;
begin
    select q.* into v_request from ops.run_requests as q
    where q.project_id = p_project_id and q.idempotency_key = p_key;
    if v_request.body_hash <> p_body then
        raise sqlstate 'PT409' using
            message = format('The idempotency key %s was used for another request', p_key),
            detail = format('It made run #%s.', v_request.run_number),
            hint = 'Use a new key for a new request.';
    end if;
    return v_request.run_id;
end
$$;
comment on function ops_private.find_same_request is 'The run that an idempotency key made.';
revoke all on function ops_private.find_same_request from public;
