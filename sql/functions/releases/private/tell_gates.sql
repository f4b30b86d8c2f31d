-- Tells the gates of its release how a run ended. Called by every function that ends a run, in the transaction that
-- ends it, so that no run ends untold. A refusal is in the log of deliveries; another error is an event of the run,
-- which ends all the same. Locks the project, the deployment and the gates. Raises only what a retry mends.
create or replace function ops_private.tell_gates(p_run_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_run ops.runs;
    v_release ops.releases;
begin
    select r.* into v_run from ops.runs as r
    where
        r.id = p_run_id and r.kind in ('build', 'test', 'deploy')
        and exists (select from ops.releases as o where o.project_id = r.project_id and o.git_ref = r.git_ref);
    if not found then
        return; -- as most runs: they are of previews
    end if;
    v_release := ops_private.release_of_run(v_run);
    if v_release.id is null then
        return;
    end if;
    begin
        perform from ops.projects as p where p.id = v_run.project_id for no key update;
        perform ops_private.tell_build(v_run, v_release);
        perform ops_private.tell_deployment(v_run, v_release);
    exception
        when serialization_failure or deadlock_detected or query_canceled or lock_not_available then raise;
        when others then
            perform ops_private.write_event(
                p_run_id, 'warning', 'the gates of its release could not be told: ' || sqlerrm,
                jsonb_build_object('release_id', v_release.id, 'sqlstate', sqlstate)
            );
    end;
end
$$;
comment on function ops_private.tell_gates is 'Tells the gates of its release how a run ended.';
revoke all on function ops_private.tell_gates from public;
