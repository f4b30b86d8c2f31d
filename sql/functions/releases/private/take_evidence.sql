-- Records the evidence of an event at a gate, or at those of its checks that it names, by their ids; returns the ids
-- of the evidence. Called by the handlers of events.
-- Raises what record_evidence raises.
create or replace function ops_private.take_evidence(
    p_gate ops.release_gates,
    p_envelope jsonb,
    p_check_ids jsonb default '{}'
)
returns jsonb
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object('evidence_ids', coalesce(jsonb_agg(ops.record_evidence(
    e.value ->> 'kind', e.value ->> 's3_url', e.value ->> 'sha256', (p_gate).release_id, (p_gate).id,
    (p_check_ids ->> (e.value ->> 'check'))::uuid, null,
    coalesce(nullif(e.value ->> 'content_type', ''), 'application/octet-stream'),
    coalesce((e.value ->> 'size_bytes')::numeric::bigint, 0)
)), '[]'))
from jsonb_array_elements(
    case jsonb_typeof(p_envelope -> 'evidence') when 'array' then p_envelope -> 'evidence' else '[]' end
) as e
$$;
comment on function ops_private.take_evidence is 'Notes the evidence of an event at a gate.';
revoke all on function ops_private.take_evidence from public;
