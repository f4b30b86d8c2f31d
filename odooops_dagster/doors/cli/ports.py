"""What the commands work with: the control plane that the settings name."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.identity import identify
from odooops_dagster.local.postgres import control_url, database_urls
from odooops_dagster.local.programs import services_folder
from odooops_dagster.ownership import Identity
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.runtime.process import ProcessRuntime


@contextmanager
def control_plane(settings: Settings | None = None) -> Iterator[ControlPlane]:
    """Yield the control plane for one command."""
    with ControlPlane(control_url(settings or Settings()), max_connections=1, is_patient=False) as control:
        yield control


def runtime(settings: Settings | None = None) -> Runtime:
    """Return the runtime of this machine, for reading: it starts nothing."""
    return ProcessRuntime(services_folder((settings or Settings()).home), may_start_supervisor=False)


def databases(settings: Settings | None = None) -> OdooDatabases:
    """Return the server that holds the environments' databases."""
    settings = settings or Settings()

    def identity() -> Identity:
        with control_plane(settings) as control:
            return identify(control, settings.home)

    return OdooDatabases(database_urls(settings).odoo, secrets=settings.home / "secrets", identity=identity)


def caller() -> str | None:
    """Return the name of the person at the terminal, as the run's row will show it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None
