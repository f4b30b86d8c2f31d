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
        where pronamespace = 'ops'::regnamespace and obj_description(p.oid, 'pg_proc') is null
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
        where pronamespace = 'ops'::regnamespace
        and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)
    """,
    "functions_open_to_anon": """
        select proname as object from pg_proc
        where pronamespace = 'ops'::regnamespace and has_function_privilege('anon', oid, 'execute')
    """,
    "overloaded_functions": """
        select proname as object from pg_proc
        where pronamespace = 'ops'::regnamespace group by proname having count(*) > 1
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
}


def findings(world: World) -> dict[str, list[str]]:
    """Return what each lint finds, leaving out those that find nothing."""
    found = {name: [str(row["object"]) for row in world.connection.execute(q.encode())] for name, q in LINTS.items()}
    return {name: objects for name, objects in found.items() if objects}
