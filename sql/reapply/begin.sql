-- Makes room for a state of the functions, views and policies, which follow in this order: policies and views go, so that
-- functions can change. `ops db migrate` and the file that `supabase db push` applies run the same text, each in one transaction.
set local client_min_messages = warning;
-- Functions may name each other in any order.
set local check_function_bodies = off;

-- Lists what stood in the schema before the platform: it is not made anew, so it is never dropped.
create function pg_temp.older_objects()
returns setof text
language plpgsql
as $$
begin
    if to_regclass('ops.agent_objects') is not null then
        return query select o.identity from ops.agent_objects as o;
    end if;
end
$$;

-- Lists the functions of the platform with the place of each one's row, which changes with it.
create function pg_temp.own_functions()
returns table (id oid, name text, row_version text)
language sql
as $$
    select p.oid, p.proname::text, p.ctid::text
    from pg_catalog.pg_proc as p, pg_catalog.pg_identify_object('pg_catalog.pg_proc'::regclass, p.oid, 0) as i
    where p.pronamespace in ('ops'::regnamespace, 'ops_private'::regnamespace) and p.proname !~ '^agent_'
    and i.identity not in (select o.identity from pg_temp.older_objects() as o (identity))
$$;

create function pg_temp.drop_functions(p_ids oid[])
returns void
language plpgsql
as $$
declare
    v_id oid;
begin
    foreach v_id in array p_ids loop
        execute format('drop routine %s', v_id::regprocedure);
    end loop;
end
$$;

-- Creates or replaces a function; where its arguments or result changed, the old signature goes first.
create function pg_temp.make_function(p_name text, p_text text)
returns void
language plpgsql
as $$
begin
    begin
        execute p_text;
    exception when invalid_function_definition or ambiguous_function then
        perform pg_temp.drop_functions(array(select f.id from pg_temp.own_functions() as f where f.name = p_name));
        execute p_text;
    end;
end
$$;

create function pg_temp.refuse_namesakes(p_names text[])
returns void
language plpgsql
as $$
declare
    v_taken text := (
        select string_agg(distinct 'ops.' || n.name, ', ') from unnest(p_names) as n (name)
        where 'ops.' || n.name in (select split_part(o.identity, '(', 1) from pg_temp.older_objects() as o (identity))
    );
begin
    if v_taken is not null then
        raise sqlstate 'PT409' using
            message = format('Schema ops holds %s of an earlier use, and this version brings its own', v_taken),
            hint = 'Rename what is named, there and in ops.agent_objects, and migrate again. Nothing was changed.';
    end if;
end
$$;

-- A function that is made over keeps its grants: those that its file gives no more would stay.
do $$
declare
    v_revoke text;
begin
    for v_revoke in
        select format('revoke all on routine %s from %s', f.id::regprocedure, string_agg(distinct r.rolname, ', '))
        from pg_temp.own_functions() as f
        join pg_catalog.pg_proc as p on p.oid = f.id
        cross join pg_catalog.aclexplode(p.proacl) as a
        join pg_catalog.pg_roles as r on r.oid = a.grantee and r.oid <> p.proowner
        where r.rolname in (
            'anon', 'authenticated', 'service_role', 'ops_gateway', 'ops_worker', 'ops_operator',
            'ci_service_role', 'qa_tester', 'release_manager', 'sre', 'developer', 'audit_reader'
        )
        group by f.id
    loop
        execute v_revoke;
    end loop;
end
$$;

create temporary table ops_functions_before on commit drop as
select
    f.id,
    f.row_version
from pg_temp.own_functions() as f;

-- Takes the policies of the platform's tables and their partitions away, and its views. A table that no file of policies
-- bears the name of is somebody else's, made before the platform or after it: its policies stay.
create function pg_temp.make_room(p_tables text[])
returns void
language plpgsql
as $$
declare
    v_drop text;
begin
    for v_drop in
        select format('drop policy %I on ops.%I', p.policyname, p.tablename)
        from pg_catalog.pg_policies as p
        left join pg_catalog.pg_inherits as i on i.inhrelid = to_regclass(format('ops.%I', p.tablename))
        where p.schemaname = 'ops'
        and (p.tablename = any (p_tables) or i.inhparent in (select to_regclass('ops.' || t) from unnest(p_tables) as t))
        and format('ops.%I', p.tablename) not in (select o.identity from pg_temp.older_objects() as o (identity))
    loop
        execute v_drop;
    end loop;
    select 'drop view ' || string_agg(format('ops.%I', v.viewname), ', ') into v_drop from pg_catalog.pg_views as v
    where v.schemaname = 'ops' and v.viewname !~ '^agent_'
    and format('ops.%I', v.viewname) not in (select o.identity from pg_temp.older_objects() as o (identity));
    if v_drop is not null then
        execute v_drop;
    end if;
end
$$;
