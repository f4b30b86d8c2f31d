-- Lists what the config of a run of each kind may hold: the field, the type of its JSON value, and the permissions of
-- which the asker needs one. The config is what steps obey beside the run's kind, environment and commit, so a field that is
-- not listed for a kind is refused at every door. kinds.py has the same fields for the steps, and a test compares the
-- two. `assets` is what was selected in Dagster.
-- Called by refuse_config. Locks and raises nothing.
create or replace function ops.run_config_fields()
returns table (kind ops.run_kind, field text, json_type text, permissions text[])
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select k.kind, 'assets', 'array', '{read}'::text[] from ops.run_kinds() as k where k.stages <> '{}'
union all
values
    ('backup'::ops.run_kind, 'label', 'string', '{backup}'::text[]),
    ('backup'::ops.run_kind, 'import', 'object', '{backup}'::text[]),
    ('restore'::ops.run_kind, 'backup_id', 'string', '{restore}'::text[]),
    ('restore'::ops.run_kind, 'purpose', 'string', '{restore}'::text[]),
    ('restore'::ops.run_kind, 'masking_profile', 'string', '{restore}'::text[]),
    ('restore'::ops.run_kind, 'only', 'string', '{restore}'::text[]),
    ('restore'::ops.run_kind, 'undo', 'string', '{restore}'::text[]),
    ('restore'::ops.run_kind, 'records', 'object', '{restore}'::text[]),
    ('clone'::ops.run_kind, 'backup_id', 'string', '{restore}'::text[]),
    ('clone'::ops.run_kind, 'purpose', 'string', '{restore}'::text[]),
    ('clone'::ops.run_kind, 'masking_profile', 'string', '{restore}'::text[]),
    ('upgrade'::ops.run_kind, 'target_series', 'string', '{restore}'::text[]),
    ('upgrade'::ops.run_kind, 'engine', 'string', '{restore}'::text[]),
    ('upgrade'::ops.run_kind, 'backup_id', 'string', '{restore}'::text[]),
    ('drill'::ops.run_kind, 'backup_id', 'string', '{drill}'::text[]),
    ('drill'::ops.run_kind, 'purpose', 'string', '{drill}'::text[]),
    ('drill'::ops.run_kind, 'masking_profile', 'string', '{drill}'::text[]),
    ('promote'::ops.run_kind, 'deployment_id', 'string', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'with_data', 'boolean', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'release_id', 'string', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'version', 'string', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'stage', 'string', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'image_digest', 'string', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'git_shas', 'object', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'rollback_of', 'string', '{deploy,promote}'::text[]),
    ('rehearse'::ops.run_kind, 'release_id', 'string', '{deploy,promote}'::text[]),
    ('rehearse'::ops.run_kind, 'version', 'string', '{deploy,promote}'::text[]),
    ('destroy'::ops.run_kind, 'confirm', 'string', '{queue,queue_production}'::text[]),
    ('destroy'::ops.run_kind, 'without_backup', 'boolean', '{queue_production}'::text[]),
    ('stop'::ops.run_kind, 'until_asked', 'boolean', '{queue,queue_production}'::text[]),
    ('verify'::ops.run_kind, 'backup_id', 'string', '{backup}'::text[]),
    ('compare'::ops.run_kind, 'backup_id', 'string', '{restore}'::text[]),
    ('compare'::ops.run_kind, 'tables', 'array', '{restore}'::text[])
$$;
comment on function ops.run_config_fields is
'What the config of a run of each kind may hold, and the permission it takes.';
revoke all on function ops.run_config_fields from public;
grant execute on function ops.run_config_fields to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.run_config_fields
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
