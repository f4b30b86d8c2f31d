-- Refuses malformed evidence of an event: each needs a kind, an address and a hash, and may name one of the event's
-- checks as what it proves. Locks nothing; raises PT400 naming the part.
create or replace function ops_private.refuse_event_evidence(
    p_evidence jsonb,
    p_checks text[]
)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_entry jsonb;
    v_place int := 0;
begin
    if coalesce(jsonb_typeof(p_evidence), 'null') = 'null' then
        return;
    elsif jsonb_array_length(p_evidence) > 100 then
        perform ops_private.refuse_field('evidence', 'must have at most 100 entries');
    end if;
    for v_entry in select e.value from jsonb_array_elements(p_evidence) as e loop
        perform ops_private.refuse_part(
            'evidence', v_place, v_entry, '{kind,s3_url,sha256}', '{kind,s3_url,sha256,content_type,check}'
        );
        if v_entry ->> 'sha256' !~ '^[0-9a-f]{64}$' then
            perform ops_private.refuse_field(format('evidence[%s].sha256', v_place), 'must be 64 hexadecimal digits');
        elsif v_entry ->> 's3_url' !~ '^((s3|https|file)://|memory:)[^[:cntrl:]]+$' then
            perform ops_private.refuse_field(format('evidence[%s].s3_url', v_place), 'must begin with s3://, https:// or file://');
        elsif coalesce(jsonb_typeof(v_entry -> 'size_bytes'), 'null') not in ('number', 'null')
            or (v_entry ->> 'size_bytes')::numeric not between 0 and 9007199254740991
            or (v_entry ->> 'size_bytes')::numeric <> trunc((v_entry ->> 'size_bytes')::numeric) then
            perform ops_private.refuse_field(format('evidence[%s].size_bytes', v_place), 'must be a whole number of bytes');
        end if;
        if v_entry ->> 'check' is not null and v_entry ->> 'check' <> all (p_checks) then
            perform ops_private.refuse_field(format('evidence[%s].check', v_place), 'must name a check of this event');
        end if;
        v_place := v_place + 1;
    end loop;
end
$$;
comment on function ops_private.refuse_event_evidence is 'Refuses evidence of an event that is not well-formed.';
revoke all on function ops_private.refuse_event_evidence from public;
