-- Refuses what record_deployment would refuse of the run's image: steps call it before anything starts.
-- Called by steps deployment and promote. Locks nothing. Raises PT404 and PT410 for the attempt, and PT409 where policy
-- images does not allow the image in the stage of the run's environment. A retry is harmless.
-- Definer: the platform's login executes this but may not execute the functions that it calls.
create or replace function ops.require_image(
    p_run_id uuid,
    p_attempt int,
    p_build_digest text
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ops.runs as r where r.id = p_run_id and r.attempt = p_attempt and r.status = 'running';
    if not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
    perform ops_private.refuse_image(p_run_id, p_build_digest);
end
$$;
comment on function ops.require_image is 'Refuses an image that may not be deployed.';
revoke all on function ops.require_image from public;
grant execute on function ops.require_image to service_role, ops_worker;
