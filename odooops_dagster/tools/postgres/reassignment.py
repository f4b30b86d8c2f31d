"""Gives the content of a database to one role: the only work of the administrator inside an environment's database."""

from __future__ import annotations

from odooops_dagster.tools.postgres.connections import Connection, administrator_inside
from odooops_dagster.tools.postgres.database_rights import execute, may_act_as


def give_everything(url: str, database: str, *, to: str) -> None:
    """Reassign everything in the database that other roles own to one role, and let it create objects.

    The statements change owners and rights in the catalog; none of them calls a function of the database.
    """
    with administrator_inside(url, database) as connection:
        schemas = _schemas(connection)
        former = [owner for owner in _owners(connection) if owner != to]
        for owner in former:
            may_act_as(connection, owner)
        # The new owner needs the right to create in a schema before it can own objects there.
        for schema in schemas:
            execute(connection, "grant all on schema {} to {}", schema, to)
        for owner in former:
            execute(connection, "reassign owned by {} to {}", owner, to)
            for schema in schemas:
                execute(connection, "revoke all on schema {} from {}", schema, owner)


def _schemas(connection: Connection) -> list[str]:
    query = "select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'"
    return [name for (name,) in connection.execute(query)]


def _owners(connection: Connection) -> list[str]:
    """Return the roles that own objects or have rights in the connected database."""
    rows = connection.execute(
        """
        select distinct roles.rolname
          from pg_shdepend as depends
          join pg_roles as roles on roles.oid = depends.refobjid
         where depends.refclassid = 'pg_authid'::regclass
           and depends.dbid = (select oid from pg_database where datname = current_database())
           and roles.rolname not in (current_user, 'pg_database_owner')
           and not roles.rolsuper
        """
    )
    return [name for (name,) in rows]
