"""Translates the errors of the environments' server."""

from __future__ import annotations

import psycopg
from psycopg import errors as pg

from odooops_dagster.errors import Conflict, Forbidden, NotFound, OdooOpsError, Unavailable
from odooops_dagster.unreachable import unreachable

# The last is a view or foreign table where a table is expected.
_CONFLICTS = (
    pg.DuplicateDatabase,
    pg.ObjectInUse,
    pg.DependentObjectsStillExist,
    pg.ObjectNotInPrerequisiteState,
)
_NOT_FOUND = (pg.InvalidCatalogName, pg.UndefinedObject)


def translated(exc: psycopg.Error) -> OdooOpsError:
    """Return our error for one of the environments' server."""
    message = exc.diag.message_primary or " ".join(str(exc).split())
    if isinstance(exc, _CONFLICTS):
        return Conflict(message)
    if isinstance(exc, _NOT_FOUND):
        return NotFound(message)
    if isinstance(exc, pg.InsufficientPrivilege):
        return Forbidden(message, hint="the role in ODOOOPS_ODOO_DATABASE_URL needs CREATEDB and CREATEROLE")
    if isinstance(exc, psycopg.OperationalError):
        return _unavailable(exc, message)
    return OdooOpsError(message)


def _unavailable(exc: psycopg.OperationalError, message: str) -> Unavailable:
    if isinstance(exc, pg.DiskFull):
        return Unavailable(message, hint="free space on the disk of the database server")
    if exc.sqlstate is not None and not exc.sqlstate.startswith(("08", "57P")):
        return Unavailable(message, hint="look at the log of the environments' database server")
    return unreachable(exc, server="The environments' database server", variable="ODOOOPS_ODOO_DATABASE_URL")
