-- Updates what depends on a deployment's state: gate G4 follows the newest deployment, and the release's status follows
-- where it was deployed.
-- Fired by deployments. Locks the deployment, its gate and the releases, which record_deployment_status locked before.
-- Definer: a caller who changes a deployment may not write gates and releases.
create or replace function ops_private.note_deployment()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if new.status <> 'pending' then
        perform ops_private.settle_health(new.id);
    end if;
    perform ops_private.evaluate_gate_row(g.id) from ops.release_gates as g
    where g.release_id = new.release_id and g.gate_code = 'G4';
    if new.status = 'succeeded' and new.stage = 'production' then
        perform ops_private.move_release(new.release_id, 'released');
        -- one that failed to take over was on its way
        perform ops_private.move_release(undone.release_id, 'rolled_back', case undone.status
            when 'failed' then '{candidate,staging,released}' else '{released}'
        end::ops.ops_release_status[])
        from ops.deployments as undone
        where undone.id = new.rollback_of and undone.release_id <> new.release_id;
    elsif new.status = 'succeeded' then
        perform ops_private.move_release(new.release_id, 'staging', '{candidate}');
    end if;
    return null;
end
$$;
comment on function ops_private.note_deployment is 'Updates gate G4 and the release when a deployment changes state.';
revoke all on function ops_private.note_deployment from public;
