"""What every object of the schema owes: each lint is a query that names the objects that do not pay."""

from __future__ import annotations

from tests.sql.world import World

LINTS = {
    "tables_without_row_level_security": """
        select relname as object from pg_class
        where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p') and not relrowsecurity
    """,
    "tables_without_policy": """
        select relname as object from pg_class c
        where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p')
        and not exists (select from pg_policy p where p.polrelid = c.oid)
    """,
    "relations_without_comment": """
        select relname as object from pg_class c
        where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p', 'v')
        and obj_description(c.oid, 'pg_class') is null
    """,
    # what is read by a partition's own name goes past the policies of its table
    "partitions_open_by_their_own_name": """
        select relname as object from pg_class c
        where relnamespace = 'ops'::regnamespace and relispartition and (
            exists (select from aclexplode(c.relacl) as a where a.grantee <> c.relowner)
            or exists (
                select from pg_policy p
                where p.polrelid = c.oid and pg_get_expr(p.polqual, p.polrelid) is distinct from 'false'
            )
        )
    """,
    "partitions_without_their_tables_refusals": """
        select c.relname as object from pg_class c
        join pg_inherits i on i.inhrelid = c.oid
        join pg_trigger t on t.tgrelid = i.inhparent and not t.tgisinternal
        where c.relnamespace = 'ops'::regnamespace and c.relkind = 'r' and not exists (
            select from pg_trigger own where own.tgrelid = c.oid and own.tgname = t.tgname and own.tgenabled = 'O'
        )
    """,
    "functions_without_comment": """
        select proname as object from pg_proc p
        where pronamespace::regnamespace::text ~ '^ops(_private)?$'
        and obj_description(p.oid, 'pg_proc') is null
    """,
    "foreign_keys_without_index": """
        select conrelid::regclass || '.' || conname as object from pg_constraint k
        where contype = 'f' and connamespace = 'ops'::regnamespace and not exists (
            select from pg_index i
            where i.indrelid = k.conrelid and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
            -- a partial index serves where it leaves out the nulls only
            and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$')
        )
    """,
    "functions_without_pinned_search_path": """
        select proname as object from pg_proc
        -- the caller's temporary schema is searched for types before all others unless it is named, and last
        where pronamespace::regnamespace::text ~ '^ops(_private)?$'
        and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)
        -- a body that was parsed when the function was made has its names bound, and the planner can inline it
        and prosqlbody is null
    """,
    "functions_open_to_anon": """
        select proname as object from pg_proc
        where pronamespace::regnamespace::text ~ '^ops(_private)?$'
        and has_function_privilege('anon', oid, 'execute')
    """,
    "overloaded_functions": """
        select proname as object from pg_proc
        where pronamespace::regnamespace::text ~ '^ops(_private)?$' group by proname having count(*) > 1
    """,
    "views_with_their_owners_rights": """
        select relname as object from pg_class
        where relnamespace = 'ops'::regnamespace and relkind = 'v'
        and not coalesce(reloptions @> '{security_invoker=true}', false)
    """,
    "relations_open_to_anon": """
        select relname as object from pg_class
        where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p', 'v')
        and has_table_privilege('anon', oid, 'select, insert, update, delete')
    """,
    "tables_without_primary_key": """
        select relname as object from pg_class c
        where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p') and not relispartition
        and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p')
    """,
    "columns_of_time_without_zone": """
        select c.relname || '.' || a.attname as object from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'ops'::regnamespace and c.relkind in ('r', 'p', 'v', 'c') and a.attnum > 0
        and a.atttypid in ('timestamp'::regtype, 'time'::regtype, 'timetz'::regtype)
    """,
    # a state is one of a list: http_status is a number, not a state
    "states_that_are_no_enum": """
        select c.relname || '.' || a.attname as object from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'ops'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and a.attname ~ '(^|_)(status|stage|severity|decision)$' and a.attname <> 'http_status'
        and a.atttypid not in (select oid from pg_type where typtype = 'e')
    """,
    "append_only_tables_without_a_refusal": """
        select relname as object from pg_class c
        where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p') and not relispartition
        and obj_description(c.oid, 'pg_class') ~ 'append-only|never changed' and (
            -- before each row is updated and deleted, and before the statement that truncates: bits of tgtype
            select coalesce(bool_or(tgtype & 27 = 27), false) and coalesce(bool_or(tgtype & 35 = 34), false)
            from pg_trigger t
            where t.tgrelid = c.oid and t.tgfoid = 'ops_private.refuse_change'::regproc and t.tgenabled = 'O'
        ) is not true
    """,
    "append_only_tables_open_to_change": """
        select distinct relname as object from pg_class c, aclexplode(c.relacl) as a
        where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p')
        and obj_description(c.oid, 'pg_class') ~ 'append-only|never changed'
        and a.grantee <> c.relowner and a.privilege_type in ('UPDATE', 'DELETE')
    """,
    "relations_open_beyond_their_rows": """
        select distinct relname as object from pg_class c, aclexplode(c.relacl) as a
        where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p', 'v', 'S') and a.grantee <> c.relowner
        and (relkind = 'S' or a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))
    """,
    "grants_without_policy": """
        with granted as (
            select c.oid, c.relname, a.grantee, a.privilege_type from pg_class c, aclexplode(c.relacl) as a
            where c.relnamespace = 'ops'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            and a.grantee <> c.relowner
            union
            select c.oid, c.relname, a.grantee, a.privilege_type
            from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) as a
            where c.relnamespace = 'ops'::regnamespace and c.relkind in ('r', 'p')
        )
        select distinct g.relname || ' ' || pg_get_userbyid(g.grantee) || ' ' || g.privilege_type as object
        from granted g
        where not exists (
            select from pg_policy p
            where p.polrelid = g.oid and g.grantee = any (p.polroles) and p.polcmd in (
                '*',
                case g.privilege_type when 'SELECT' then 'r' when 'INSERT' then 'a' when 'UPDATE' then 'w' else 'd' end
            )
        )
    """,
    "policies_without_grant": """
        select c.relname || ': ' || p.polname as object
        from pg_policy p join pg_class c on c.oid = p.polrelid, unnest(p.polroles) as r (oid)
        where c.relnamespace = 'ops'::regnamespace and not c.relispartition and r.oid <> 0
        and not has_any_column_privilege(
            r.oid, c.oid, case p.polcmd when 'a' then 'INSERT' when 'w' then 'UPDATE' else 'SELECT' end
        )
    """,
    "policies_without_a_sentence": """
        select c.relname || ': ' || p.polname as object from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = 'ops'::regnamespace and not c.relispartition and p.polname !~ '^[A-Z][a-z]*( [^ ]+){2,}$'
    """,
    "policies_for_everybody": """
        select c.relname || ': ' || p.polname as object from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = 'ops'::regnamespace and not c.relispartition and 0 = any (p.polroles)
    """,
    "private_functions_open_to_callers": """
        select proname as object from pg_proc as p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
        where (pronamespace = 'ops_private'::regnamespace or prorettype = 'trigger'::regtype)
        and pronamespace::regnamespace::text ~ '^ops(_private)?$' and a.grantee <> p.proowner
        union
        select n.nspname from pg_namespace as n, aclexplode(n.nspacl) as a
        where n.nspname = 'ops_private' and a.grantee <> n.nspowner
    """,
    "public_functions_that_no_role_may_call": """
        select proname as object from pg_proc as p
        where pronamespace = 'ops'::regnamespace and not exists (
            select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where a.grantee <> p.proowner
        )
    """,
    "private_functions_that_nothing_calls": """
        -- every text is read once: one pattern for each name would read all of them for each
        with called as materialized (
            select distinct c.oid, name.found[1] as name
            from pg_proc as c, regexp_matches(c.prosrc, '\\mops_private\\.(\\w+)', 'g') as name (found)
            where c.pronamespace::regnamespace::text ~ '^ops(_private)?$'
        )
        select p.proname as object from pg_proc as p
        where p.pronamespace = 'ops_private'::regnamespace
        and not exists (select from called where called.name = p.proname and called.oid <> p.oid)
        and not exists (select from pg_trigger as t where t.tgfoid = p.oid)
    """,
    # one mover for each table's states: what a state's columns must be is written once
    "states_with_several_writers": """
        select w.relation || ': ' || string_agg(distinct w.writer, ', ' order by w.writer) as object
        from (
            select split_part(c.text, ' ', 1) as relation, p.proname as writer
            from pg_proc as p
            cross join regexp_split_to_table(p.prosrc, '\\mupdate\\s+ops\\.') with ordinality as c (text, place)
            where p.pronamespace::regnamespace::text ~ '^ops(_private)?$' and c.place > 1
            -- a condition names its table: r.status = 'queued'
            and split_part(c.text, ';', 1) ~ '(\\mset|,)\\s+status\\s*='
            union
            select t.tgrelid::regclass::text, p.proname
            from pg_proc as p join pg_trigger as t on t.tgfoid = p.oid
            where p.pronamespace = 'ops_private'::regnamespace and p.prosrc ~ 'new\\.status\\s*:='
        ) as w
        group by w.relation
        having count(distinct w.writer) > 1
    """,
    # anyone who logs in may take an advisory lock, and whoever waits for one waits for them
    "functions_that_anyone_can_hold_up": """
        select proname as object from pg_proc
        where pronamespace::regnamespace::text ~ '^ops(_private)?$' and prosrc ~ 'pg_(try_)?advisory'
    """,
    # a name that a table has says itself; what a view computes or renames is explained
    "computed_view_columns_without_comment": """
        select v.relname || '.' || a.attname as object from pg_class v join pg_attribute a on a.attrelid = v.oid
        where v.relnamespace = 'ops'::regnamespace and v.relkind = 'v' and a.attnum > 0
        and col_description(v.oid, a.attnum) is null and not exists (
            select from pg_rewrite w
            join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refobjsubid > 0
            join pg_attribute t on t.attrelid = d.refobjid and t.attnum = d.refobjsubid
            join pg_class s on s.oid = d.refobjid
            where w.ev_class = v.oid and s.oid <> v.oid
            and a.attname in (t.attname, regexp_replace(s.relname, 's$', '') || '_' || t.attname)
        )
    """,
}


def findings(world: World) -> dict[str, list[str]]:
    """Return what each lint finds, leaving out those that find nothing."""
    found = {name: [str(row["object"]) for row in world.connection.execute(q.encode())] for name, q in LINTS.items()}
    return {name: objects for name, objects in found.items() if objects}
