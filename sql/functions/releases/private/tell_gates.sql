-- Tells the gates of its release how a run ended. Called by every function that ends a run, in the transaction that
-- ends it, so that no run ends untold. A refusal is in the log of deliveries; another error is an event of the run,
-- which ends all the same. Locks the project, the deployment and the gates. Raises only what a retry mends.
create or replace function ops_private.tell_gates(p_run ops.runs)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_release ops.releases;
begin
    v_release := ops_private.release_of_run(p_run);
    if v_release.id is null then
        return;
    end if;
    begin
        perform from ops.projects as p where p.id = p_run.project_id for no key update;
        perform ops_private.tell_build(p_run, v_release);
        perform ops_private.tell_deployment(p_run, v_release);
    exception
        when serialization_failure or deadlock_detected or query_canceled or lock_not_available then raise;
        when others then
            perform ops_private.write_event(
                p_run.id, 'warning', 'the gates of its release could not be told: ' || sqlerrm,
                jsonb_build_object('release_id', v_release.id, 'sqlstate', sqlstate)
            );
    end;
end
$$;
comment on function ops_private.tell_gates is 'Tells the gates of its release how a run ended.';
revoke all on function ops_private.tell_gates from public;
