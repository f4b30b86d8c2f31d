-- Accepts or refuses an event: returns the result as {http_status, status, message, field, hint, ids}, and raises
-- no error for faults of the sender. Every delivery leaves a row in ops.event_ingest_log; what a refused one wrote
-- is undone. Called by the edge function, by PostgREST, and by the platform's own steps; POST /v1/events comes in
-- through ops.receive_event. Locks what its handler locks. Raises only errors that are not the sender's fault.
-- Repeating it with the same idempotency key writes nothing twice.
-- Definer: senders of events may not write tables; the caller's permission for the event is checked.
create or replace function ops.ingest_event(envelope jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := ops_private.answer_event(envelope, null);
begin
    perform set_config('response.status', v_answer ->> 'http_status', true); -- PostgREST's answer
    return v_answer;
end
$$;
comment on function ops.ingest_event is 'Takes an event in and says what came of it.';
revoke all on function ops.ingest_event from public;
grant execute on function ops.ingest_event to service_role, ops_operator,
ci_service_role, qa_tester, release_manager, sre;
