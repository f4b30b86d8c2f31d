-- Lists what the config of a workflow of each type may hold, and the type of its JSON value:
--   branches      patterns of the branches whose pushes it takes (* is any text); without it, every branch
--   priority      the priority of its runs
--   max_attempts  how often its runs are tried when their worker is lost
--   run           the config that its runs are given, as ops.run_config_fields has it for their kind
-- A backup takes no max_attempts: whoever asks for one again asks for another backup.
-- Called by refuse_workflow_config. Locks and raises nothing.
create or replace function ops.workflow_config_fields()
returns table (workflow_type ops.workflow_type, field text, json_type text)
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select t.workflow_type, f.field, f.json_type
from unnest(enum_range(null::ops.workflow_type)) as t (workflow_type)
cross join (
    values ('branches', 'array'), ('priority', 'number'), ('max_attempts', 'number'), ('run', 'object')
) as f (field, json_type)
where t.workflow_type <> 'backup' or f.field <> 'max_attempts'
$$;
comment on function ops.workflow_config_fields is 'What the config of a workflow of each type may hold.';
revoke all on function ops.workflow_config_fields from public;
grant execute on function ops.workflow_config_fields to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.workflow_config_fields
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
