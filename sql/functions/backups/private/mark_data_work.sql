-- Marks the run of a new backup, restore, drill or rehearsal, so that its end fails what is unfinished. Fired by their
-- tables. Locks the run's row. A retry changes nothing.
create or replace function ops_private.mark_data_work()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.runs as r set moves_data = true
    where r.id = new.run_id and not r.moves_data;
    return null;
end
$$;
comment on function ops_private.mark_data_work is 'Marks a run that moves data.';
revoke all on function ops_private.mark_data_work from public;
