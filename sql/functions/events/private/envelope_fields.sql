-- Lists the fields of an event's envelope: the type of each, and the events that need it. Reads, locks and raises
-- nothing. A text must match its pattern.
create or replace function ops_private.envelope_fields()
returns table (place int, field text, json_type text, pattern text, meaning text, needed_by text[])
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select v.place, v.field, v.json_type, v.pattern, v.meaning, v.needed_by
from (
    values
    (1, 'idempotency_key', 'string', '^.{1,200}$', 'a text of at most 200 characters',
        '{build_complete,gate_signoff,deployment_event,health_check,environment_event}'::text[]),
    (2, 'source', 'string', '^.{1,200}$', 'a text of at most 200 characters',
        '{build_complete,gate_signoff,deployment_event,health_check,environment_event}'),
    (3, 'occurred_at', 'string', '^2\d{3}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$',
        'a time with its offset, such as 2026-02-13T12:00:00Z',
        '{build_complete,gate_signoff,deployment_event,health_check,environment_event}'),
    (4, 'project', 'string', '^.{1,200}$', 'a project''s slug or id',
        '{build_complete,gate_signoff,deployment_event,health_check,environment_event}'),
    (5, 'release', 'string', '^.{1,200}$', 'a release''s version or id',
        '{build_complete,gate_signoff,deployment_event,health_check}'),
    (6, 'gate_code', 'string', '^G[1-4]$', 'G1, G2, G3 or G4', '{gate_signoff}'),
    (7, 'decision', 'string', '^(approved|rejected)$', 'approved or rejected', '{gate_signoff}'),
    (8, 'approver_id', 'string', '^.{1,200}$', 'a text of at most 200 characters', '{}'),
    (9, 'persona_role', 'string', '^(qa_tester|release_manager)$', 'qa_tester or release_manager', '{}'),
    (10, 'rationale_structured', 'object', null, 'an object', '{}'),
    (11, 'environment', 'string', '^.{1,200}$', 'an environment''s name',
        '{deployment_event,health_check,environment_event}'),
    (12, 'status', 'string', '^.{1,200}$', 'a text of at most 200 characters',
        '{build_complete,deployment_event,health_check,environment_event}'),
    (13, 'image_digest', 'string', '^sha256:[0-9a-f]{64}$', 'sha256: and 64 hexadecimal digits', '{}'),
    (14, 'git_sha', 'string', '^([0-9a-f]{40}|[0-9a-f]{64})$', '40 or 64 hexadecimal digits', '{}'),
    (15, 'checks', 'array', null, 'a list', '{}'),
    (16, 'evidence', 'array', null, 'a list', '{}')
) as v (place, field, json_type, pattern, meaning, needed_by)
$$;
comment on function ops_private.envelope_fields is 'The fields of an event''s envelope.';
revoke all on function ops_private.envelope_fields from public;
