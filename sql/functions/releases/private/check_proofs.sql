-- Lists the files of a run that prove the answers to its checks, and to the questions that gates ask of a run as a
-- whole (build, health, staged). Called by told_evidence. Reads, locks and raises nothing.
create or replace function ops_private.check_proofs()
returns table (name text, artifact_key text)
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
values
    ('build', 'build.json'),
    ('build', 'sbom.json'),
    ('clone_harmless', 'clone.json'),
    ('neutralization_coverage', 'clone.json'),
    ('modules_installed', 'build.log'),
    ('modules_installed', 'modules.json'),
    ('module_tests_passed', 'build.log'),
    ('module_tests_passed', 'tests.json'),
    ('log_clean', 'build.log'),
    ('log_clean', 'tests.json'),
    ('healthy', 'health.json'),
    ('health', 'health.json'),
    ('health', 'health-after.json'),
    ('staged', 'health.json')
$$;
comment on function ops_private.check_proofs is 'The files of a run that prove each check.';
revoke all on function ops_private.check_proofs from public;
