-- Who asks for an exception over a network may have to ask again: the same key is the same exception.
alter table ops.exceptions add column idempotency_key text check (length(idempotency_key) between 1 and 200);
create unique index exceptions_key_idx on ops.exceptions (release_id, idempotency_key)
where idempotency_key is not null;
comment on column ops.exceptions.idempotency_key is 'The key of the request that made it, unique for the release.';
-- They take it as one argument more.
drop function if exists ops.request_exception(uuid, ops.ops_gate_code, text, timestamptz, text);
drop function if exists ops.break_glass(uuid, ops.ops_gate_code, text, text);
