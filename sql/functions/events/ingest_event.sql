-- Accepts or refuses an event: returns the result as {http_status, status, message, field, hint, ids}, and raises
-- no error for faults of the sender. Every delivery leaves a row in ops.event_ingest_log; what a refused one wrote
-- is undone. Called by POST /v1/events, by the edge function, by PostgREST, and by the platform's own steps. Locks
-- what its handler locks. Raises only errors that are not the sender's fault. Repeating it with the same
-- idempotency key writes nothing twice.
-- Definer: senders of events may not write tables; the caller's permission for the event is checked.
create or replace function ops.ingest_event(envelope jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := ops_private.envelope_text(envelope);
    v_answer jsonb;
    v_state text;
    v_message text;
    v_field text;
    v_hint text;
begin
    begin
        perform ops_private.refuse_envelope(envelope, v_text);
        v_answer := ops_private.accept_event(envelope, v_text);
    exception when others then
        get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_field = column_name,
            v_hint = pg_exception_hint;
        v_answer := ops_private.refusal_of_event(v_state, v_message, nullif(v_field, ''), nullif(v_hint, ''));
        if v_answer is null then
            raise;
        end if;
    end;
    if v_answer ->> 'status' <> 'accepted' then -- what is accepted was logged with what it wrote
        perform ops_private.log_delivery(envelope, v_text, v_answer);
    end if;
    perform set_config('response.status', v_answer ->> 'http_status', true); -- PostgREST's answer
    return v_answer;
end
$$;
comment on function ops.ingest_event is 'Takes an event in and says what came of it.';
revoke all on function ops.ingest_event from public;
grant execute on function ops.ingest_event to service_role, ops_worker,
ci_service_role, qa_tester, release_manager, sre;
