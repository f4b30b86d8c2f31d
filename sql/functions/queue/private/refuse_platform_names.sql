-- Refuses names that are the platform's: a trigger that is not the caller's own, and idempotency keys of the platform's
-- clocks, which begin with platform: and go with the trigger schedule only. A person may come through api or cli, and
-- repeats a run with retry.
-- Called by queue_run. Locks nothing. Raises PT403.
create or replace function ops_private.refuse_platform_names(
    p_trigger text,
    p_idempotency_key text,
    p_retry_of uuid
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_idempotency_key like 'platform:%' and p_trigger is distinct from 'schedule' then
        raise sqlstate 'PT403' using
            message = 'Idempotency keys that begin with platform: are the platform''s own',
            hint = 'Use another key.';
    elsif not (p_trigger in ('api', 'cli') or (p_trigger = 'retry' and p_retry_of is not null))
        and not ops.is_platform() then
        raise sqlstate 'PT403' using
            message = format('You may not queue a run with trigger %s', p_trigger),
            hint = 'Leave p_trigger out, or pass api or cli.';
    end if;
end
$$;
comment on function ops_private.refuse_platform_names is 'Refuses names that are the platform''s.';
revoke all on function ops_private.refuse_platform_names from public;
