-- Writes a message to the project's forge, if it has one: the state of a subject, once for each cause. Called by the
-- triggers that tell runs and environments. Raises nothing. A retry writes nothing.
create or replace function ops_private.tell_forge(
    p_project_id uuid,
    p_kind text,
    p_subject text,
    p_state text,
    p_cause text,
    p_payload jsonb
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.outbox (project_id, channel, recipient, kind, subject, state, cause, payload)
select f.project_id, 'forge', 'forge', p_kind, p_subject, p_state, p_cause, p_payload
from ops.project_forges as f
where f.project_id = p_project_id
on conflict do nothing
$$;
comment on function ops_private.tell_forge is 'Writes a message to a project''s forge.';
revoke all on function ops_private.tell_forge from public;
