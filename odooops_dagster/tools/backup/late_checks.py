"""CHECK constraints that depend on more than their own row: another table, a setting or the clock.

A load fills one table after the other, so such a check may refuse rows that production accepted. It is dropped before
the rows are loaded and added again afterwards; if the rows do not pass, it stays NOT VALID and holds for new rows only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from odooops_dagster.tools.backup.left_out import LeftOut, is_no_answer

Connection = psycopg.Connection[tuple[Any, ...]]

# Find checks that call a user-defined function, a built-in function that is not immutable, or CURRENT_DATE and similar.
# pg_constraint.conbin is a tree of nodes that contains each function's oid (src/backend/nodes/outfuncs.c).
_FIND = """
select c.conname, pg_get_constraintdef(c.oid), n.nspname, coalesce(t.typname, r.relname), c.contypid <> 0
  from pg_constraint as c
  left join pg_class as r on r.oid = c.conrelid
  left join pg_type as t on t.oid = c.contypid
  join pg_namespace as n on n.oid = coalesce(t.typnamespace, r.relnamespace)
 where c.contype = 'c' and c.coninhcount = 0 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and pg_get_constraintdef(c.oid) !~ 'NOT ENFORCED'
   and not exists (
       select from pg_depend as d
        where d.deptype = 'e' and d.classid in ('pg_class'::regclass, 'pg_type'::regclass)
          and d.objid in (c.conrelid, c.contypid)
   )
   and (
       c.conbin::text ~ 'SQLVALUEFUNCTION'
       or exists (
           select from regexp_matches(c.conbin::text, ':(?:op)?funcid (\\d+)', 'g') as m (found)
             join pg_proc as p on p.oid = m.found[1]::oid
            where p.oid >= 16384 or p.provolatile <> 'i'
       )
   )
 order by c.oid
"""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A constraint that is dropped during a load."""

    name: str
    definition: str
    schema: str
    owner: str  # name of the table or domain
    is_of_domain: bool

    def altered(self, what: sql.Composable) -> sql.Composed:
        """Return an `alter` statement for the table or domain."""
        kind = sql.SQL("domain" if self.is_of_domain else "table")
        return sql.SQL("alter {} {} {}").format(kind, sql.Identifier(self.schema, self.owner), what)

    @property
    def addition(self) -> sql.Composed:
        """Return the clause that adds the constraint as NOT VALID."""
        suffix = "" if self.definition.endswith("NOT VALID") else " NOT VALID"
        return sql.SQL("add constraint {} ").format(sql.Identifier(self.name)) + sql.SQL(
            self.definition + suffix
        )  # the definition comes from PostgreSQL


def take_away(connection: Connection) -> list[Check]:
    """Drop the constraints and return them; repeat for constraints that stop being inherited."""
    taken: list[Check] = []
    while rows := connection.execute(_FIND).fetchall():
        for name, definition, schema, owner, is_of_domain in rows:
            check = Check(name=name, definition=definition, schema=schema, owner=owner, is_of_domain=is_of_domain)
            connection.execute(check.altered(sql.SQL("drop constraint {}").format(sql.Identifier(name))))
            taken.append(check)
    return taken


def put_back(connection: Connection, checks: list[Check]) -> list[LeftOut]:
    """Add the constraints again; return those that the rows do not pass, which hold for new rows only."""
    return [failed for check in checks if (failed := _put_back(connection, check)) is not None]


def _put_back(connection: Connection, check: Check) -> LeftOut | None:
    connection.execute(check.altered(check.addition))
    try:
        connection.execute(check.altered(sql.SQL("validate constraint {}").format(sql.Identifier(check.name))))
    except psycopg.Error as exc:
        if is_no_answer(exc.sqlstate):
            raise
        reason = f"holds for new rows only: {exc.diag.message_primary}"
        return LeftOut(kind="check constraint", name=f"{check.schema}.{check.owner} {check.name}", reason=reason)
    return None
