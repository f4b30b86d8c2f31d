-- Records what an environment's programs tried to reach in one minute, and returns the number of rows that changed. The
-- input is an array of at most 50 {destination, address, port, protocol, module, cron, attempts, first_at, last_at}, and
-- of the proxy {reason, bytes_out, bytes_in} besides.
-- Beyond 2000 rows of an environment in a day, what is new is counted in one row for each minute, with destination *.
-- Called by the collector of the catcher and the proxy. Locks the environment's rows of that minute. Raises PT400 for no array or a
-- longer one, PT404. A retry changes nothing: the counts of a minute only rise.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_egress(
    p_environment_id uuid,
    p_minute timestamptz,
    p_source uuid,
    p_outcome text,
    p_attempts jsonb
)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid := ops_private.project_that_tells(p_environment_id);
    v_is_full boolean;
    v_count int;
begin
    if jsonb_typeof(p_attempts) is distinct from 'array' or jsonb_array_length(p_attempts) > 50 then
        raise sqlstate 'PT400' using
            message = 'Attempts come as an array of at most 50', hint = 'Pass [{"destination": "...", "attempts": 1}].';
    end if;
    select count(*) >= 2000 into v_is_full from ops.egress_attempts as a
    where a.environment_id = p_environment_id and a.minute > p_minute - interval '1 day';
    insert into ops.egress_attempts as a (
        project_id, environment_id, minute, source, outcome, destination, address, port, protocol, module, cron,
        attempts, first_at, last_at, reason, bytes_out, bytes_in
    )
    select v_project_id, p_environment_id, p_minute, p_source, p_outcome, t.*
    from ops_private.told_attempts(p_attempts, v_is_full) as t
    on conflict (environment_id, minute, source, outcome, destination, port, protocol, module, cron) do update
    set
        attempts = greatest(a.attempts, excluded.attempts), address = coalesce(a.address, excluded.address),
        first_at = least(a.first_at, excluded.first_at), last_at = greatest(a.last_at, excluded.last_at),
        reason = coalesce(excluded.reason, a.reason), bytes_out = greatest(a.bytes_out, excluded.bytes_out),
        bytes_in = greatest(a.bytes_in, excluded.bytes_in)
    where
        excluded.attempts > a.attempts or (a.address is null and excluded.address is not null)
        or excluded.bytes_out > a.bytes_out or excluded.bytes_in > a.bytes_in;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function ops.record_egress is 'Records what an environment tried to reach.';
revoke all on function ops.record_egress from public;
grant execute on function ops.record_egress to service_role, ops_worker;
