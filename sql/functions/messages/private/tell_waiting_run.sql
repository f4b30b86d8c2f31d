-- Tells of a run that was queued, if somebody is told of the project's runs. Fired by ops.runs. Raises nothing.
create or replace function ops_private.tell_waiting_run()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if (select c.is_told from ops.v_run_concerns as c where c.run_id = new.id) then
        perform ops_private.tell_run(new);
    end if;
    return null;
end
$$;
comment on function ops_private.tell_waiting_run is 'Tells forge and people of a run that was queued.';
revoke all on function ops_private.tell_waiting_run from public;
