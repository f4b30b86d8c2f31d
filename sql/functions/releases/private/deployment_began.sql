-- Returns the time from which on facts may be about a deployment: its start, if it was told of; for one that we queued,
-- five minutes before, because clocks differ. Called by functions that read envelopes. Locks and raises nothing.
create or replace function ops_private.deployment_began(p_deployment ops.deployments)
returns timestamptz
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when (p_deployment).run_id is null then coalesce((p_deployment).started_at, (p_deployment).created_at)
    else (p_deployment).created_at - interval '5 minutes'
end
$$;
comment on function ops_private.deployment_began is 'When a deployment began, as far as facts about it go.';
revoke all on function ops_private.deployment_began from public;
