-- Points the environment at the promoted release and ends the deployment as succeeded, in one transaction: until then the
-- old release and its data serve, afterwards these data are kept until p_keep_previous_until.
-- Called by step promote once the new Odoo has proved its health, before people are let in. Locks what record_deployment
-- and move_deployment_to lock. Raises PT400 without a time for the data of before, and what these raise.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_promotion(
    p_run_id uuid,
    p_attempt int,
    p_url text,
    p_port int,
    p_database_name text,
    p_image_digest text,
    p_git_sha text,
    p_keep_previous_until timestamptz default null
)
returns ops.deployments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments := ops_private.lock_promotion(p_run_id, p_attempt);
    v_previous text;
begin
    v_previous := nullif(ops.record_deployment(
        p_run_id, p_attempt, p_url, p_port, p_database_name, p_image_digest, p_git_sha
    ), p_database_name);
    if v_previous is not null and p_keep_previous_until is null then
        raise sqlstate 'PT400' using
            message = 'The replaced database is kept for a while', hint = 'Say until when: p_keep_previous_until.';
    end if;
    update ops.deployments as d
    set database_name = p_database_name, previous_database_name = v_previous,
        keep_previous_until = case when v_previous is not null then p_keep_previous_until end
    where d.id = v_deployment.id;
    perform ops_private.move_deployment_to(v_deployment, 'succeeded');
    select d.* into v_deployment from ops.deployments as d where d.id = v_deployment.id;
    return v_deployment;
end
$$;
comment on function ops.record_promotion is 'Points the environment at the promoted release.';
revoke all on function ops.record_promotion from public;
grant execute on function ops.record_promotion to service_role, ops_worker;
