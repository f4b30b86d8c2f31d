-- Resolves the open incident of the key and returns whether there was one. Called by the platform's watches once the
-- fault is gone. Locks the incident. Raises PT400 without a resolution. A retry changes nothing.
-- Definer: nobody may write incidents directly; only the platform may execute this.
create or replace function ops.clear_alarm(
    p_key text,
    p_resolution text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if btrim(coalesce(p_resolution, '')) = '' then
        raise sqlstate 'PT400' using
            message = 'A resolution says what came of the incident', hint = 'Write one sentence.';
    end if;
    return ops_private.resolve_open_incident('odooops', p_resolution, p_key => p_key);
end
$$;
comment on function ops.clear_alarm is 'Ends the open incident of a key.';
revoke all on function ops.clear_alarm from public;
grant execute on function ops.clear_alarm to service_role, ops_worker;
