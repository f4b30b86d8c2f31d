-- Returns the hash that seals an event over the one before it: SHA-256 over that hash and the event as a JSON array.
-- Called by every function that writes an event, and by verify_run_chain. Locks and raises nothing.
create or replace function ops.hash_event(
    p_prev_hash bytea,
    p_run_id uuid,
    p_seq int,
    p_attempt int,
    p_event_type ops.event_type,
    p_message text,
    p_payload jsonb,
    p_created_at timestamptz
)
returns bytea
language sql
stable
security invoker
return sha256(p_prev_hash || convert_to(
    jsonb_build_array(
        p_run_id, p_seq, p_attempt, p_event_type, p_message, p_payload, extract(epoch from p_created_at)
    )::text, 'UTF8'
));
comment on function ops.hash_event is 'The hash of an event, over its content and the hash before it.';
revoke all on function ops.hash_event from public;
grant execute on function ops.hash_event to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.hash_event
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
