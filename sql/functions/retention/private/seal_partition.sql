-- Closes direct access to a partition: its rows are read through its parent table, whose grants and policies decide.
-- Called by ensure_partitions, after each migration too. Locks the partition. A retry changes nothing.
create or replace function ops_private.seal_partition(
    p_partition text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_class pg_catalog.pg_class;
    v_parent text;
    v_grantee oid;
    v_trigger record;
begin
    select c.* into v_class from pg_catalog.pg_class as c where c.oid = format('ops.%I', p_partition)::regclass;
    select p.relname into v_parent
    from pg_catalog.pg_inherits as i join pg_catalog.pg_class as p on p.oid = i.inhparent
    where i.inhrelid = v_class.oid;
    for v_grantee in
        select distinct a.grantee from aclexplode(v_class.relacl) as a where a.grantee <> v_class.relowner
    loop
        execute format(
            'revoke all on ops.%I from %s', p_partition, case v_grantee when 0 then 'public' else v_grantee::regrole::text end
        );
    end loop;
    if not v_class.relrowsecurity then
        execute format('alter table ops.%I enable row level security', p_partition);
    end if;
    if not exists (select from pg_catalog.pg_policy as p where p.polrelid = v_class.oid) then
        execute format('create policy "Nobody reads a part by its own name" on ops.%I to public using (false)', p_partition);
    end if;
    execute format(
        'comment on table ops.%I is %L', p_partition, format(
            'Part of ops.%s: %s.', v_parent, case pg_get_expr(v_class.relpartbound, v_class.oid)
                when 'DEFAULT' then 'what no other part takes' else 'the time in its name'
            end
        )
    );
    for v_trigger in -- a statement's trigger is not inherited: it would let the part be truncated alone
        select pg_get_triggerdef(t.oid) as definition from pg_catalog.pg_trigger as t
        where t.tgrelid = format('ops.%I', v_parent)::regclass and not t.tgisinternal and t.tgtype & 1 = 0
            and not exists (
                select from pg_catalog.pg_trigger as own where own.tgrelid = v_class.oid and own.tgname = t.tgname
            )
    loop
        execute replace(
            v_trigger.definition, format(' ON ops.%I ', v_parent), format(' ON ops.%I ', p_partition)
        );
    end loop;
end
$$;
comment on function ops_private.seal_partition is 'Closes a partition to everyone by its own name.';
revoke all on function ops_private.seal_partition from public;
