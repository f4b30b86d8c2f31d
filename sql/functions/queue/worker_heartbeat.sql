-- Records that a worker is alive. Called by workers at intervals. Raises PT400 for a worker without a name.
-- A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.worker_heartbeat(
    p_worker_id text,
    p_kind text,
    p_metadata jsonb default '{}'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(p_worker_id, '') = '' then
        raise sqlstate 'PT400' using message = 'A worker needs a name', hint = 'Pass p_worker_id.';
    end if;
    insert into ops.workers as w (id, kind, metadata) values (p_worker_id, p_kind, coalesce(p_metadata, '{}'))
    on conflict (id) do update
    set kind = excluded.kind, metadata = excluded.metadata, last_seen_at = clock_timestamp();
end
$$;
comment on function ops.worker_heartbeat is 'Notes that a worker lives.';
revoke all on function ops.worker_heartbeat from public;
grant execute on function ops.worker_heartbeat to service_role, ops_worker;
