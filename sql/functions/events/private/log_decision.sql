-- Inserts the log row of a decision that came as no event: the log of events has every decision, with the envelope
-- that would have told it. Called by sign_off_gate. Locks and raises nothing.
create or replace function ops_private.log_decision(p_approval_id uuid)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
select ops_private.log_delivery(
    e.envelope, ops_private.envelope_text(e.envelope), '{"http_status": 200, "status": "accepted"}', null,
    e.project_id, e.release_id
)
from (
    select
        p.id as project_id,
        r.id as release_id,
        jsonb_build_object(
            'schema_version', '1.0', 'event_type', 'gate_signoff',
            'idempotency_key', format('odooops/gate_signoff/%s', a.id), 'source', a.source,
            'occurred_at', to_char(a.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'project', p.slug, 'release', r.version, 'gate_code', a.gate_code, 'decision', a.decision,
            'approver_id', a.approver_id, 'persona_role', a.persona_role,
            'rationale_structured', a.rationale_structured
        ) as envelope
    from ops.approvals as a
    join ops.releases as r on r.id = a.release_id
    join ops.projects as p on p.id = r.project_id
    where a.id = p_approval_id
) as e
$$;
comment on function ops_private.log_decision is 'Writes a decision into the log of events.';
revoke all on function ops_private.log_decision from public;
