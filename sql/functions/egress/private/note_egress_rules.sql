-- Puts on the record, as an event of each environment that they are about, which rules of policy egress hold from now on
-- and who set them; without a project for all. Called by set_policy. Locks and raises nothing.
create or replace function ops_private.note_egress_rules(p_project_id uuid)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.environment_events (project_id, environment_id, environment, event, payload, source, recorded_by)
select
    e.project_id, e.id, e.name, 'egress_rules_set', jsonb_build_object('mode', e.mode, 'allow', e.allow), 'ops',
    coalesce(ops.caller_name(), ops.caller_role())
from ops_private.ruled_environments() as e
where p_project_id is null or e.project_id = p_project_id
$$;
comment on function ops_private.note_egress_rules is 'Puts a change of what environments may reach on the record.';
revoke all on function ops_private.note_egress_rules from public;
