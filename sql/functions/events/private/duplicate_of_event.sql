-- Answers an event whose key was accepted before in the project: a repeat, which may tell another time, or another event
-- with the same key. Locks nothing; raises PT409 for the latter.
create or replace function ops_private.duplicate_of_event(
    p_project_id uuid,
    p_envelope jsonb,
    p_text text
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_first ops.event_ingest_log;
begin
    select l.* into v_first from ops.event_ingest_log as l
    where
        l.project_id = p_project_id and l.idempotency_key = p_envelope ->> 'idempotency_key'
        and l.processing_status = 'accepted';
    if v_first.envelope_sha256 <> ops_private.envelope_sha256(p_envelope, p_text)
        and v_first.content_sha256 is distinct from ops_private.content_sha256(p_envelope, p_text) then
        raise sqlstate 'PT409' using
            message = format('The idempotency key %s was used for another event', v_first.idempotency_key),
            column = 'idempotency_key', hint = 'Use a new key for a new event.';
    end if;
    return jsonb_build_object(
        'http_status', 200, 'status', 'duplicate', 'message', 'accepted before', 'ids', jsonb_strip_nulls(
            jsonb_build_object(
                'log_id', v_first.id, 'project_id', v_first.project_id, 'release_id', v_first.release_id
            )
        )
    );
end
$$;
comment on function ops_private.duplicate_of_event is 'Answers an event whose key was accepted before.';
revoke all on function ops_private.duplicate_of_event from public;
