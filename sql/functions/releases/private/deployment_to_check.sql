-- Returns the deployment that a health check is about: the named one, else the release's newest that did not fail.
-- Locks the deployment, before its check locks the gate. Raises PT400 and PT409.
create or replace function ops_private.deployment_to_check(
    p_gate ops.release_gates,
    p_deployment_id uuid
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid;
begin
    if p_gate.gate_code <> 'G4' then
        raise sqlstate 'PT400' using
            message = format('%s is not about a deployment', p_gate.gate_code),
            hint = 'Leave the deployment out, or record the check for G4.';
    end if;
    select d.id into v_id from ops.deployments as d
    where d.release_id = p_gate.release_id
        and case when p_deployment_id is null then d.status <> 'failed' else d.id = p_deployment_id end
    order by d.created_at desc, d.id desc
    limit 1
    for no key update;
    if not found then
        raise sqlstate 'PT409' using
            message = 'The release has no such deployment whose health could be checked',
            hint = 'Promote it first: ops.promote_release.';
    end if;
    return v_id;
end
$$;
comment on function ops_private.deployment_to_check is 'The deployment that a health check is about.';
revoke all on function ops_private.deployment_to_check from public;
