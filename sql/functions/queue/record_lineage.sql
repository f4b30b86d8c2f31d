-- Records that the run made an asset, with its code version and inputs. Called by assets once they are made.
-- Raises PT404 and PT410. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_lineage(
    p_run_id uuid,
    p_attempt int,
    p_asset_key text,
    p_partition_key text,
    p_code_version text,
    p_data_version text,
    p_inputs jsonb default '{}'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.run_lineage as l (
        run_id, attempt, asset_key, partition_key, code_version, data_version, inputs
    )
    values (
        p_run_id, ops_private.require_attempt(p_run_id, p_attempt), p_asset_key, p_partition_key, p_code_version,
        p_data_version, coalesce(p_inputs, '{}')
    )
    on conflict on constraint run_lineage_run_id_attempt_asset_key_key do update
    set partition_key = excluded.partition_key, code_version = excluded.code_version,
        data_version = excluded.data_version, inputs = excluded.inputs;
end
$$;
comment on function ops.record_lineage is 'Notes what an asset was made from.';
revoke all on function ops.record_lineage from public;
grant execute on function ops.record_lineage to service_role, ops_worker;
