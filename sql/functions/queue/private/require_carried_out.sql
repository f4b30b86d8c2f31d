-- Refuses a run of a kind for which this version has no job: it would wait for ever. A promotion may be carried out
-- elsewhere, but only one that a deployment waits for. Locks nothing. Raises PT409.
create or replace function ops_private.require_carried_out(
    p_kind ops.run_kind,
    p_config jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from ops.run_kinds() as k where k.kind = p_kind and k.is_carried_out) or (
        p_kind = 'promote' and exists (
            select from ops.deployments as d
            where d.id::text = p_config ->> 'deployment_id' and d.status = 'pending' and d.run_id is null
        )
    ) then
        return;
    end if;
    raise sqlstate 'PT409' using
        message = format('This version carries out no %s run', p_kind),
        hint = case p_kind
            when 'promote' then 'Promote a release: ops.promote_release; its run is for a worker of your own.'
            else 'Queue one that it does: build, test, deploy, backup, restore, clone, drill or destroy.'
        end;
end
$$;
comment on function ops_private.require_carried_out is 'Refuses a run of a kind that no job carries out.';
revoke all on function ops_private.require_carried_out from public;
