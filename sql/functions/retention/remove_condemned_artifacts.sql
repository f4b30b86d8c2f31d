-- Deletes the rows of condemned artifacts once their objects are gone, and returns the count. Called by the job
-- artifact_expiry, after it removed the objects. Locks the rows. A retry finds them gone.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.remove_condemned_artifacts(
    p_s3_urls text[]
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
begin
    delete from ops.run_artifacts as a
    where a.s3_url = any (p_s3_urls) and a.condemned_at is not null;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function ops.remove_condemned_artifacts is 'Deletes the rows of artifacts whose objects are gone.';
revoke all on function ops.remove_condemned_artifacts from public;
grant execute on function ops.remove_condemned_artifacts to service_role, ops_worker;
