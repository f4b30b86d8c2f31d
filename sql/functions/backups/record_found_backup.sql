-- Records a backup of which only the store knew: it was made after the backup from which this record was restored.
-- p_is_sealed says that its manifest was sealed with the platform's key; else it is the claim of whoever may write the
-- store, and its label says so. It is stored, not verified, and held, so that no retention drops it before a person
-- looked. One that was at work when the record's backup was taken, and failed by its restore, is taken up too. Returns
-- false for any other that is on record, and for one of no living environment of this name and stage.
-- Called by `ops platform confirm`. Locks nothing. Raises PT400 for invalid values. A retry changes nothing.
-- Definer: nobody may write backups directly.
create or replace function ops.record_found_backup(
    p_backup_id uuid,
    p_project_slug text,
    p_environment text,
    p_stage ops.environment_stage,
    p_is_sealed boolean,
    p_manifest_url text,
    p_manifest_sha256 text,
    p_taken_at timestamptz,
    p_size_bytes bigint,
    p_stored_bytes bigint,
    p_object_count int,
    p_format_version int,
    p_database_name text,
    p_odoo_version text,
    p_git_sha text default null,
    p_image_digest text default null,
    p_metadata jsonb default '{}'
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups;
begin
    if p_taken_at > clock_timestamp() or p_is_sealed is null then
        raise sqlstate 'PT400' using
            message = 'A backup that was found was taken in the past', hint = 'ops platform confirm';
    end if;
    insert into ops.backups as b (
        id, project_id, environment_id, stage, status, label, manifest_url, manifest_sha256, taken_at, stored_at,
        size_bytes, stored_bytes, object_count, format_version, database_name, odoo_version, git_sha, image_digest,
        metadata, requested_by, held_at, held_by, hold_reason
    )
    select
        p_backup_id, e.project_id, e.id, e.stage, 'stored',
        case when p_is_sealed then 'found in the store' else 'found in the store, not sealed: anybody may have made it' end,
        p_manifest_url, p_manifest_sha256, p_taken_at, clock_timestamp(), p_size_bytes, p_stored_bytes, p_object_count,
        p_format_version, p_database_name, p_odoo_version, p_git_sha, p_image_digest, coalesce(p_metadata, '{}'),
        'ops platform confirm', clock_timestamp(), 'odooops', 'found in the store after the platform was restored'
    from ops.environments as e
    join ops.projects as p on p.id = e.project_id
    where p.slug = p_project_slug and e.name = p_environment and e.stage = p_stage and e.destroyed_at is null
    on conflict (id) do update
    set
        status = 'stored', label = excluded.label, manifest_url = excluded.manifest_url,
        manifest_sha256 = excluded.manifest_sha256, taken_at = excluded.taken_at, stored_at = excluded.stored_at,
        size_bytes = excluded.size_bytes, stored_bytes = excluded.stored_bytes, object_count = excluded.object_count,
        format_version = excluded.format_version, database_name = excluded.database_name,
        odoo_version = excluded.odoo_version, git_sha = excluded.git_sha, image_digest = excluded.image_digest,
        metadata = excluded.metadata, error_message = null, held_at = excluded.held_at, held_by = excluded.held_by,
        hold_reason = excluded.hold_reason
    where
        b.status = 'failed' and b.manifest_url is null
        and (b.project_id, b.environment_id) = (excluded.project_id, excluded.environment_id)
    returning * into v_backup;
    if not found then
        return false;
    end if;
    perform ops_private.note_backup(v_backup, 'backup_held', v_backup.hold_reason);
    return true;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No backup may have these values', detail = sqlerrm,
        hint = 'A stored backup has its manifest''s address and SHA-256, and the time its dump began.';
end
$$;
comment on function ops.record_found_backup is 'Records a backup of which only the store knew.';
revoke all on function ops.record_found_backup from public;
grant execute on function ops.record_found_backup to service_role, ops_operator;
