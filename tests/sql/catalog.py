"""The schema as a list of lines that a diff can show: `python -m tests.sql.catalog URL` prints it."""

from __future__ import annotations

import sys

from tests.sql.world import connect

CATALOG = """
with part as (
    -- a month's partition is its table's, and has another name next month
    select oid, relname from pg_class where relnamespace = 'ops'::regnamespace and relispartition
), caller as (
    select unnest(
        '{anon,authenticated,ops_gateway,ops_worker,ops_operator,service_role}'::text[]
        || '{ci_service_role,qa_tester,release_manager,sre,developer,audit_reader}'
    ) as role
), listed as (
    select format('column %s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then ' not null' else '' end,
        coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) as line
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relnamespace = 'ops'::regnamespace and c.relkind in ('r', 'p', 'v', 'c') and a.attnum > 0
        and not a.attisdropped and not c.relispartition
    union all
    select format('constraint %s %s: %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace = 'ops'::regnamespace and contype <> 'n' and contype <> 't'
        and conrelid not in (select oid from part)
    union all
    select format('index %s', indexdef) from pg_indexes
    where schemaname = 'ops' and tablename not in (select relname from part)
    union all
    select format('enum %s: %s', t.typname, string_agg(e.enumlabel, ', ' order by e.enumsortorder))
    from pg_type t join pg_enum e on e.enumtypid = t.oid where t.typnamespace = 'ops'::regnamespace group by t.typname
    union all
    select format('function %s%s(%s) returns %s, %s%s, for %s',
        case when pronamespace = to_regnamespace('ops_private') then 'ops_private.' else '' end,
        proname, pg_get_function_arguments(oid),
        pg_get_function_result(oid),
        case provolatile when 'v' then 'volatile' when 's' then 'stable' else 'immutable' end,
        case when prosecdef then ', definer' else '' end,
        coalesce((
            select string_agg(role, ', ' order by role)
            from caller
            where has_function_privilege(role, pg_proc.oid, 'execute')
        ), 'none'))
    from pg_proc where pronamespace in (to_regnamespace('ops'), to_regnamespace('ops_private'))
    union all
    select format('policy %s: %s, %s for %s, using %s, check %s', tablename, policyname, lower(cmd),
        array_to_string(roles, ', '), coalesce(qual, '-'), coalesce(with_check, '-'))
    from pg_policies where schemaname = 'ops' and tablename not in (select relname from part)
    union all
    select format('grant on %s to %s: %s', c.relname, role, string_agg(lower(p), ', ' order by p))
    from pg_class c, caller, unnest('{select,insert,update,delete,truncate}'::text[]) as p
    where c.relnamespace = 'ops'::regnamespace and c.relkind in ('r', 'p', 'v')
        and not c.relispartition and has_table_privilege(role, c.oid, p)
    group by c.relname, role
    union all
    select format('grant on %s.%s to %s: %s', attrelid::regclass, attname, grantee::regrole, lower(privilege_type))
    from pg_attribute, aclexplode(attacl) where attrelid::regclass::text like 'ops.%'
    union all
    select format('trigger %s: %s', tgrelid::regclass, pg_get_triggerdef(oid))
    from pg_trigger where not tgisinternal and tgrelid::regclass::text like 'ops.%'
        and tgrelid not in (select oid from part)
    union all
    select format('table %s%s%s%s', relname, coalesce(' partition by ' || pg_get_partkeydef(oid), ''),
        coalesce(' with ' || array_to_string(reloptions, ', '), ''),
        case when relrowsecurity then ', row level security' else '' end)
    from pg_class where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p') and not relispartition
)
select regexp_replace(line, '\\s+', ' ', 'g') as line from listed
"""


def catalog(url: str) -> list[str]:
    """Return one line for everything that the schema holds."""
    with connect(url) as connection:
        return sorted(row["line"] for row in connection.execute(CATALOG.encode()).fetchall())


if __name__ == "__main__":
    sys.stdout.write("\n".join(catalog(sys.argv[1])) + "\n")
