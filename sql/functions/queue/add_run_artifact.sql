-- Records the address and the hash of a file of the run. Called by workers once the bytes are stored.
-- Raises PT404, PT410, PT400 for a malformed hash, PT503 while that object is being removed. A later attempt replaces
-- the artifact of an earlier one with the same key; the same attempt raises PT409 unless the bytes are the same.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.add_run_artifact(
    p_run_id uuid,
    p_artifact_key text,
    p_s3_url text,
    p_sha256 text,
    p_content_type text default 'application/octet-stream',
    p_size_bytes bigint default 0,
    p_expires_at timestamptz default null,
    p_attempt int default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attempt int := ops_private.require_attempt(p_run_id, p_attempt);
    v_id uuid;
begin
    lock table ops.run_artifacts in row exclusive mode; -- condemn_artifacts waits, adders do not
    if exists (select from ops.run_artifacts as a where a.s3_url = p_s3_url and a.condemned_at is not null) then
        raise sqlstate 'PT503' using
            message = format('The object of %s is just being removed as nobody needed it', p_artifact_key),
            hint = 'Store it again in a moment, then add it again.';
    end if;
    insert into ops.run_artifacts as a (
        run_id, attempt, artifact_key, s3_url, sha256, content_type, size_bytes, expires_at
    )
    values (
        p_run_id, v_attempt, p_artifact_key, p_s3_url, lower(p_sha256), p_content_type, p_size_bytes, p_expires_at
    )
    on conflict on constraint run_artifacts_run_id_artifact_key_key do update
    set attempt = excluded.attempt, s3_url = excluded.s3_url, sha256 = excluded.sha256,
        content_type = excluded.content_type, size_bytes = excluded.size_bytes, expires_at = excluded.expires_at,
        condemned_at = null
    where a.attempt < excluded.attempt or a.sha256 = excluded.sha256
    returning a.id into v_id;
    if not found then
        raise sqlstate 'PT409' using
            message = format('The run already has another file %s', p_artifact_key),
            hint = 'Store it under another key.';
    end if;
    return v_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = format('No artifact may have these values: %s', coalesce(p_artifact_key, 'null')),
        detail = sqlerrm,
        hint = 'An artifact has a key, an address, a SHA-256 of 64 hexadecimal digits and a size.';
end
$$;
comment on function ops.add_run_artifact is 'Notes where a file of a run is kept.';
revoke all on function ops.add_run_artifact from public;
grant execute on function ops.add_run_artifact to service_role, ops_worker;
