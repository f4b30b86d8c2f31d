"""Lets the platform itself in as a user of a copy that is discarded afterwards."""

from __future__ import annotations

import psycopg

from odooops_dagster.errors import StepFailed
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.connections import writer
from odooops_dagster.tools.postgres.failures import translated

# The oldest internal user of people who may log in: in every database the administrator, unless people removed it.
_USER = """
select id, login from public.res_users
where active and not coalesce(share, false) and id <> 1 and login <> '' order by id limit 1
"""


def let_in(access: DatabaseAccess, *, password: str) -> str:
    """Give the database's first internal user the password, and return the login.

    Odoo takes a password that is not hashed yet and hashes it. Source: `_crypt_context` in
    odoo/addons/base/models/res_users.py.

    Raises:
        StepFailed: there is no such user.
    """
    try:
        with writer(access, application="odooops upgrade") as connection:
            found = connection.execute(_USER).fetchone()
            if found is None:
                raise StepFailed("the copy has no internal user who could open a page")
            connection.execute("update public.res_users set password = %s where id = %s", [password, found[0]])
    except psycopg.Error as exc:
        raise translated(exc) from exc
    return str(found[1])
