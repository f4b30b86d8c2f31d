"""Where the platform's own databases are, and how their superuser reaches them: running, or stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg.conninfo import conninfo_to_dict

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.home import CONTROL_DATABASE, DAGSTER_DATABASE
from odooops_dagster.local import lock
from odooops_dagster.local.clusters import CONTROL
from odooops_dagster.local.postgres import EmbeddedPostgres, embedded_url
from odooops_dagster.local.superuser import as_superuser
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.settings import Settings

# The platform's own databases, in the order of a backup and of a restore.
DATABASES = (CONTROL_DATABASE, DAGSTER_DATABASE)
# Returns the superuser's URL of a database.
Url = Callable[[str], str]


def require_embedded(settings: Settings) -> EmbeddedPostgres:
    """Return the embedded server of the control plane.

    Raises:
        BadInput: the control plane or Dagster's storage is on a server of the operator's own.
    """
    if not has_embedded_record(settings):
        raise BadInput(
            "the control plane is on a server of yours, whose roles and backups are yours too",
            hint="docs/howto/back-up-the-platform.md: what to dump there, and the files to keep",
        )
    return EmbeddedPostgres(settings.home, CONTROL)


def has_embedded_record(settings: Settings) -> bool:
    """Return whether the record and Dagster's storage are on the embedded server; the stack's programs get its URLs."""
    given = {"worker": settings.database_url, "dagster": settings.dagster_database_url}
    named = {name: url.get_secret_value() for name, url in given.items() if url is not None}
    try:
        return all(url == embedded_url(settings.home, name) for name, url in named.items())
    except Unavailable:
        return False  # no server was ever made here


@contextmanager
def superuser_of(settings: Settings) -> Iterator[Url]:
    """Yield what returns the superuser's URL of one of the platform's databases; a stopped server runs meanwhile."""
    server = require_embedded(settings)
    if server.running():
        yield server.url
        return
    with lock.hold(settings.home):
        server.prepare()
        server.clear_leftovers()
        with as_superuser(server) as url:
            yield url


def access_to(url: str) -> DatabaseAccess:
    """Return the parts of the URL."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    return DatabaseAccess(
        host=parts.pop("host"),
        port=int(parts.pop("port")),
        user=parts.pop("user"),
        password=parts.pop("password", ""),
        database=parts.pop("dbname"),
        options=parts,
    )
