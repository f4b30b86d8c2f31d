-- Refuses a malformed envelope. Locks nothing. Raises PT413 for one that is too large, PT422 for an unknown schema
-- version, PT400 naming the field in the error's column.
create or replace function ops_private.refuse_envelope(
    p_envelope jsonb,
    p_text text
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type text := p_envelope ->> 'event_type';
    v_wrong record;
begin
    if greatest(octet_length(p_text), pg_column_size(p_envelope)) > 262144 then
        raise sqlstate 'PT413' using
            message = 'The envelope is too large',
            hint = 'An envelope has at most 256 kB; put what is larger into the store and name it as evidence.';
    elsif jsonb_typeof(p_envelope) is distinct from 'object' then
        perform ops_private.refuse_field('envelope', 'must be an object');
    elsif p_text is null then
        perform ops_private.refuse_field('envelope', 'must have at most 32 levels, and numbers below 1e18 and above 1e-18');
    elsif jsonb_typeof(p_envelope -> 'schema_version') is distinct from 'string' then
        perform ops_private.refuse_field('schema_version', 'must be a text, such as 1.0');
    elsif p_envelope ->> 'schema_version' not in ('1', '1.0') then
        raise sqlstate 'PT422' using
            message = format('Schema version %s is not known', left(p_envelope ->> 'schema_version', 40)),
            column = 'schema_version', hint = 'Send 1.0.';
    elsif jsonb_typeof(p_envelope -> 'event_type') is distinct from 'string' or v_type not in (
        'build_complete', 'gate_signoff', 'deployment_event', 'health_check', 'environment_event'
    ) then
        perform ops_private.refuse_field('event_type', 'must be build_complete, gate_signoff, deployment_event, health_check or '
            || 'environment_event');
    end if;
    select f.* into v_wrong
    from ops_private.envelope_fields() as f
    where case
        when coalesce(jsonb_typeof(p_envelope -> f.field), 'null') = 'null' then v_type = any (f.needed_by)
        else jsonb_typeof(p_envelope -> f.field) <> f.json_type or p_envelope ->> f.field !~ f.pattern
    end
    order by f.place
    limit 1;
    if found then
        perform ops_private.refuse_field(v_wrong.field, case
            when p_envelope -> v_wrong.field is null then 'is missing: it is ' else 'must be '
        end || v_wrong.meaning);
    end if;
    perform ops_private.refuse_event_time(p_envelope ->> 'occurred_at');
    perform ops_private.refuse_event_status(v_type, p_envelope ->> 'status');
    perform ops_private.refuse_event_checks(p_envelope -> 'checks');
    perform ops_private.refuse_event_evidence(
        p_envelope -> 'evidence', ops_private.event_check_names(p_envelope)
    );
end
$$;
comment on function ops_private.refuse_envelope is 'Refuses an envelope that cannot be understood.';
revoke all on function ops_private.refuse_envelope from public;
