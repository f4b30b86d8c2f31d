-- Carries an event out, logs the delivery and returns the answer; what a refused event wrote is undone. Called by
-- ingest_event and receive_event; the key is null where the caller speaks for itself. With a run the platform tells
-- of its own work: only then may the source and the key be of its own name space. Locks what the handler locks.
-- Raises only errors that are not the sender's fault.
create or replace function ops_private.answer_event(
    p_envelope jsonb,
    p_key ops.event_keys,
    p_run_id uuid default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := ops_private.envelope_text(p_envelope);
    v_answer jsonb;
    v_state text;
    v_message text;
    v_field text;
    v_hint text;
    v_detail text;
begin
    begin
        perform ops_private.refuse_envelope(p_envelope, v_text);
        if p_run_id is null then
            perform ops_private.refuse_own_names(p_envelope);
        end if;
        v_answer := ops_private.accept_event(p_envelope, v_text, p_key, p_run_id);
    exception when others then
        get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_field = column_name,
            v_hint = pg_exception_hint, v_detail = pg_exception_detail;
        if v_state = 'PT409' and v_detail <> '' then -- what stands in the way, such as the gates that are not met
            v_message := format('%s: %s', v_message, v_detail);
        end if;
        v_answer := ops_private.refusal_of_event(v_state, v_message, nullif(v_field, ''), nullif(v_hint, ''));
        if v_answer is null then
            raise;
        end if;
    end;
    if v_answer ->> 'status' <> 'accepted' then -- what is accepted was logged with what it wrote
        perform ops_private.log_delivery(p_envelope, v_text, v_answer, p_key);
    end if;
    return v_answer;
end
$$;
comment on function ops_private.answer_event is 'Carries an event out, logs the delivery and answers.';
revoke all on function ops_private.answer_event from public;
