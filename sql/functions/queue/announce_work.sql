-- Announces work to whoever listens on the channel ops_work; it is heard once the transaction has committed. Called by a
-- listener, which thereby proves that it hears what other connections announce: a pooler may keep that from it.
-- Locks and raises nothing. A repeat is harmless: who hears it looks, and finds work or none.
create or replace function ops.announce_work(
    p_word text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_notify('ops_work', p_word);
end
$$;
comment on function ops.announce_work is 'Announces work to whoever listens.';
revoke all on function ops.announce_work from public;
grant execute on function ops.announce_work to service_role, ops_worker;
