-- Returns a text of an envelope in a form that fits the log's index, whatever was sent. Raises nothing.
create or replace function ops_private.envelope_label(
    p_envelope jsonb,
    p_field text
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case when jsonb_typeof(p_envelope -> p_field) = 'string' then left(p_envelope ->> p_field, 200) end
$$;
comment on function ops_private.envelope_label is 'A text of an envelope as the logs index takes it.';
revoke all on function ops_private.envelope_label from public;
