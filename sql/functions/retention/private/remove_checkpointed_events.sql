-- Removes events that a checkpoint covers and that are stored outside its month: of two events written at once as the
-- month ended, the one with the lower number may have the later time. Almost always there is none.
-- Called by expire_event_month once the month is dropped. Locks ops.run_events if there is something to remove.
create or replace function ops_private.remove_checkpointed_events(
    p_checkpoint_id bigint
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from ops.run_checkpoints as c
        join ops.run_events as e on e.run_id = c.run_id and e.seq <= c.last_seq
        where c.checkpoint_id = p_checkpoint_id
    ) then
        return;
    end if;
    alter table ops.run_events disable trigger run_events_stay;
    delete from ops.run_events as e using ops.run_checkpoints as c
    where c.checkpoint_id = p_checkpoint_id and e.run_id = c.run_id and e.seq <= c.last_seq;
    alter table ops.run_events enable trigger run_events_stay;
end
$$;
comment on function ops_private.remove_checkpointed_events is 'Deletes checkpointed events outside of their month.';
revoke all on function ops_private.remove_checkpointed_events from public;
