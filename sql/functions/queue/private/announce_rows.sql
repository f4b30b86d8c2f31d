-- Announces work that a row makes: the trigger's argument says of which kind, as engine/announced.py knows them.
-- Several announcements of a transaction are one. It carries no data: who hears it looks with its own rights.
-- Who looks for runs or deliveries does not rest while some are unfinished, and needs no announcement of another one:
-- each makes its transaction wait for others that announce, and a busy queue would lose up to a quarter of its speed.
-- A trigger's function. Locks and raises nothing.
create or replace function ops_private.announce_rows()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_open int := 1;
begin
    if tg_table_name = 'runs' then
        v_open := (select count(*) from (
            (select from ops.runs as r where r.status = 'queued' limit 2)
            union all
            (select from ops.runs as r where r.status in ('claimed', 'running') limit 2)
        ) as o);
    elsif tg_table_name = 'push_deliveries' then
        v_open := (select count(*) from (select from ops.push_deliveries as d where d.processed_at is null limit 2) as o);
    end if;
    if v_open < 2 then
        perform pg_notify('ops_work', tg_argv[0]);
    end if;
    return null;
end
$$;
comment on function ops_private.announce_rows is 'Announces work that a row makes.';
revoke all on function ops_private.announce_rows from public;
