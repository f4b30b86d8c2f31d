-- Lists every rule of every policy: its kind, default and limits; this is their only definition.
-- Called by policy_defaults and refuse_rules. Reads, locks and raises nothing.
create or replace function ops.policy_rules()
returns table (
    policy_type ops.policy_type,
    rule text,
    kind text,
    default_value jsonb,
    minimum int,
    maximum int,
    meaning text
)
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select * from (
    values
    ('gates'::ops.policy_type, 'g1_checks', 'names', '["build"]'::jsonb, 1, 50, 'Checks that gate G1 waits for'),
    ('gates', 'g2_checks', 'names', '[]', 0, 50, 'Checks that gate G2 waits for, besides the approvals'),
    ('gates', 'g3_checks', 'names', '[]', 0, 50, 'Checks that gate G3 waits for, besides the approvals'),
    ('gates', 'g4_checks', 'names', '["health"]', 1, 50, 'Health checks that gate G4 waits for after a deployment'),
    ('gates', 'g2_quorum', 'integer', '1', 1, 20, 'Testers who must approve'),
    ('gates', 'g3_quorum', 'integer', '1', 1, 20, 'Release managers who must approve'),
    ('gates', 'g2_g3_distinct', 'boolean', 'false', null, null, 'One person counts for only one of gates G2 and G3 of a release'),
    ('gates', 'untested_modules', 'one of refuse_overlooked, refuse, allow', '"refuse_overlooked"', null, null,
        'A module without a test that ran: refuse it, allow it, or refuse it if its tests were written to run'),
    ('gates', 'leave_out_tests', 'boolean', 'false', null, null,
        'Tags in odooops.yaml may leave out tests of the repository''s own modules'),
    ('gates', 'g4_window_seconds', 'integer', '900', 1, 604800, 'Time a deployment has to prove its health'),
    ('promotion', 'release', 'one of on_push, by_hand, gated', '"gated"', null, null,
        'What brings the default branch to production: each build that succeeds, a person, or gates with approvals'),
    ('promotion', 'update_minutes', 'integer', '60', 1, 1440,
        'Time that the update of the changed modules may take, in which nobody can work'),
    ('promotion', 'decide_minutes', 'integer', '60', 1, 1440,
        'Time in which a person decides about a release that stopped answering, until its code goes back'),
    ('promotion', 'staging_requires_g2', 'boolean', 'false', null, null, 'Staging waits for gate G2 too'),
    ('promotion', 'production_requires_g4', 'boolean', 'false', null, null,
        'Production waits for the health of the newest deployment to staging'),
    ('promotion', 'default_author', 'text', '""', null, 200,
        'The author of releases for which a build pipeline names none; empty: it has to'),
    ('promotion', 'freeze_windows', 'windows', '[]', 0, 100, 'Times in which nothing is promoted to production'),
    ('promotion', 'backup_max_age_hours', 'integer', '4', 1, 720,
        'Age at which production''s newest verified backup is too old to promote over'),
    ('promotion', 'exception_max_hours', 'integer', '168', 1, 2160, 'The longest that an exception may last'),
    ('promotion', 'break_glass_minutes', 'integer', '60', 1, 240, 'How long broken glass stays open'),
    ('ttl', 'log_days', 'integer', '30', 1, 3650, 'Days that log lines are kept'),
    ('ttl', 'event_days', 'integer', '400', 1, 3650, 'Days that events of runs are kept'),
    ('ttl', 'artifact_days', 'integer', '90', 1, 3650, 'Days that files of runs are kept'),
    ('ttl', 'ingest_days', 'integer', '90', 1, 3650, 'Days that the log of deliveries is kept'),
    ('backup', 'nightly', 'boolean', 'true', null, null, 'Production is backed up every night'),
    ('backup', 'max_age_hours', 'integer', '26', 1, 720, 'Age at which the newest verified backup is stale'),
    ('backup', 'attachments_elsewhere_fatal', 'boolean', 'false', null, null,
        'Attachments in an object store, which no backup holds, make the backup fail'),
    ('retention', 'daily', 'integer', '7', 0, 366, 'Days whose last backup is kept'),
    ('retention', 'weekly', 'integer', '4', 0, 520, 'Weeks whose last backup is kept'),
    ('retention', 'monthly', 'integer', '3', 0, 240, 'Months whose last backup is kept'),
    ('retention', 'minimum', 'integer', '1', 1, 100, 'Verified backups that are kept whatever their age'),
    ('clone', 'source', 'one of dump, newest_verified', '"dump"', null, null,
        'A staging''s data: a backup made at the push, or the newest verified one'),
    ('clone', 'staging_branches', 'names', '["release/*"]', 0, 50,
        'Branches that become stagings on a copy of production''s data; * is any text'),
    ('clone', 'max_backup_age_hours', 'integer', '24', 1, 720, 'Age at which a backup is too old to clone from'),
    ('clone', 'keep_previous_hours', 'integer', '24', 0, 720, 'Hours that a database stays after it was replaced'),
    ('clone', 'masking_hooks', 'names', '[]', 0, 50, 'SQL files of the repository that mask data, in order'),
    ('clone', 'columns', 'columns', '{}', 0, 200,
        'What to do with single columns: keep, delete_rows, truncate, or value: and what to put there'),
    ('clone', 'coverage_fatal', 'boolean', 'false', null, null,
        'A module that nothing neutralises stops the clone'),
    ('clone', 'run_tests', 'boolean', 'false', null, null, 'The repository''s tests run on a clone of production too')
) as v (policy_type, rule, kind, default_value, minimum, maximum, meaning)
$$;
comment on function ops.policy_rules is 'Every rule that a policy may hold, with its kind, default and limits.';
revoke all on function ops.policy_rules from public;
grant execute on function ops.policy_rules to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.policy_rules
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
