-- Takes every table of the platform before anything changes, all or none: who works holds some and waits for others, and
-- with a schema change that does the same both would wait for each other. Never waits for long with a table in hand.
-- Views that a function reads are locked by who calls it, so they are taken as well, with the tables that they name: only
-- those that name nothing outside of the schema. First comes the view by which every claim begins.
select pg_advisory_xact_lock(hashtextextended('odooops.migrate', 0));
do $$
declare
    v_tables text := (
        with recursive uses (view_id, id) as (
            select c.oid, c.oid from pg_catalog.pg_class as c
            where c.relnamespace = to_regnamespace('ops') and c.relkind = 'v'
            union
            select u.view_id, d.refobjid from uses as u
            join pg_catalog.pg_rewrite as w on w.ev_class = u.id
            join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
                and d.refclassid = 'pg_catalog.pg_class'::regclass
        )
        select string_agg(
            format('ops.%I', c.relname), ', '
            order by c.relname <> 'v_startable_runs', c.relname <> 'runs', c.relname
        )
        from pg_catalog.pg_class as c
        where c.relnamespace = to_regnamespace('ops') and c.relkind in ('r', 'p', 'v') and not c.relispartition
            and c.relname !~ '^agent_' and pg_has_role(c.relowner, 'usage')
            and not exists (
                select from uses as u join pg_catalog.pg_class as t on t.oid = u.id
                where u.view_id = c.oid and (t.relnamespace <> c.relnamespace or not pg_has_role(t.relowner, 'usage'))
            )
    );
    v_timeout text := current_setting('lock_timeout');
    v_tries int := 0;
begin
    while v_tables is not null loop
        begin
            -- Longer each time, for a busy machine; always before the server looks for a deadlock, which it does after a second.
            perform set_config('lock_timeout', least(800, 200 + 20 * v_tries) || 'ms', true);
            execute format('lock table %s in access exclusive mode', v_tables);
            perform set_config('lock_timeout', v_timeout, true);
            return;
        exception when lock_not_available or deadlock_detected then
            v_tries := v_tries + 1;
            if v_tries = 60 then
                raise sqlstate 'PT503' using
                    message = 'Somebody uses the tables of schema ops and does not let go of them',
                    detail = sqlerrm,
                    hint = 'Nothing was changed. Look who it is, then migrate again: select pid, usename, query from'
                        || ' pg_stat_activity where state <> ''idle''.';
            end if;
            perform pg_sleep(least(1, 0.1 * v_tries));
        end;
    end loop;
end
$$;
