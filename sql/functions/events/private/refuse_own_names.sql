-- Refuses an idempotency key or a source of the platform's own name space: such an event would take the place of what
-- the platform tells of its runs. Called by answer_event for all other senders. Locks nothing; raises PT400 naming
-- the field.
create or replace function ops_private.refuse_own_names(p_envelope jsonb)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_envelope ->> 'idempotency_key' like 'odooops/%' then
        perform ops_private.refuse_field('idempotency_key', 'must not begin with odooops/, as those of the platform''s own runs');
    elsif p_envelope ->> 'source' = 'odooops' then
        perform ops_private.refuse_field('source', 'must not be odooops, which is the platform itself');
    end if;
end
$$;
comment on function ops_private.refuse_own_names is 'Refuses the name space of the platform''s own events.';
revoke all on function ops_private.refuse_own_names from public;
