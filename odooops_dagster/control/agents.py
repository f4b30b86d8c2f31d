"""Tables in schema ops that other programs made before the platform."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from odooops_dagster.errors import NotFound
from odooops_dagster.unreachable import unreachable

# An object kept its name unless the platform makes one of that name, or keeps run_... for itself.
_RENAMED = """
select distinct substring(o.name from 7) as old, o.name as new
from (
    select substring(replace(split_part(a.identity, '(', 1), '"', '') from '^ops\\.(.*)$') as name
    from ops.agent_objects as a
    union all
    select t.typname::text from pg_catalog.pg_type as t
    where t.typnamespace = 'ops'::regnamespace and t.typtype in ('e', 'd') and t.typname like 'agent\\_%%'
) as o
where o.name like 'agent\\_%%' and (
    substring(o.name from 7) ~ '^runs?(_|$)'
    or exists (
        select from pg_catalog.pg_class as c
        where c.relnamespace = 'ops'::regnamespace and c.relname = substring(o.name from 7)
    )
    or exists (
        select from pg_catalog.pg_proc as p
        where p.pronamespace in ('ops'::regnamespace, 'ops_private'::regnamespace)
            and p.proname = substring(o.name from 7)
    )
    or exists (
        select from pg_catalog.pg_type as t
        where t.typnamespace = 'ops'::regnamespace and t.typname = substring(o.name from 7)
    )
)
"""


def renamed_objects(url: str) -> Mapping[str, str]:
    """Return the new names of what the platform's migration renamed, by the old ones. `url`: the schema owner's.

    Raises:
        NotFound: nothing was renamed in this database.
        Unavailable: it does not answer.
    """
    names: dict[str, str]
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            connection.execute("set search_path = pg_catalog, pg_temp")
            names = dict(connection.execute(_RENAMED, ()).fetchall())
    except psycopg.errors.UndefinedTable:
        names = {}
    except psycopg.OperationalError as exc:
        raise unreachable(exc, server="The control plane's database", variable="ODOOOPS_MIGRATE_URL") from exc
    if not names:
        raise NotFound(
            "In this database no tables of agents were renamed",
            hint="ops db migrate first; or name them: --table runs --table run_events",
        )
    return names
