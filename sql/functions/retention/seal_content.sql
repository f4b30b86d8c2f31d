-- Returns the hash that seals a record over the one before it: SHA-256 over that hash and the record as JSON.
-- Called by functions that write and verify checkpoints; events have ops.hash_event. Locks and raises nothing.
create or replace function ops.seal_content(
    p_prev_hash bytea,
    p_content jsonb
)
returns bytea
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select sha256(p_prev_hash || convert_to(p_content::text, 'UTF8'))
$$;
comment on function ops.seal_content is 'The hash of a record, over its content and the hash before it.';
revoke all on function ops.seal_content from public;
grant execute on function ops.seal_content to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.seal_content
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
