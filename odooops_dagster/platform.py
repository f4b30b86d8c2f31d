"""The platform's parts, made of its settings: the one place that says what serves each port.

A part is made when it is first asked for, as a command or a request needs few of them.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache, cached_property
from threading import Lock
from typing import Self

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.identity import identify
from odooops_dagster.local.postgres import control_url, database_urls
from odooops_dagster.local.programs import services_folder
from odooops_dagster.ownership import Identity
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.repositories import repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.runtime.process import ProcessRuntime
from odooops_dagster.tools.store import ObjectStore, S3Options, open_store


class Platform:
    """Holds the parts; close it, or use it in a `with`, where it does not live as long as its process.

    Args:
        settings: what the environment variables say, unless given.
        max_connections: how many connections to the control plane may be open at once.
        is_patient: whether to wait for a control plane that does not answer: programs do, commands do not.
        control: a control plane that somebody else closes, in the place of the one of the settings.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        max_connections: int = 8,
        is_patient: bool = True,
        control: ControlPlane | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self._max_connections = max_connections
        self._is_patient = is_patient
        self._given = control
        self._opened: ControlPlane | None = None
        self._lock = Lock()  # requests are answered by several threads

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    @property
    def control(self) -> ControlPlane:
        """The only reader and writer of schema ops."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._opened is None:
                url = control_url(self.settings)
                self._opened = ControlPlane(url, max_connections=self._max_connections, is_patient=self._is_patient)
            return self._opened

    @cached_property
    def databases(self) -> OdooDatabases:
        """The server that holds the environments' databases."""
        return OdooDatabases(
            database_urls(self.settings).odoo, secrets=self.settings.home / "secrets", identity=self.identity
        )

    @cached_property
    def runtime(self) -> Runtime:
        """Where environments run: processes under a supervisor that outlives the run.

        The stack keeps the supervisor: one started from here would outlive `ops down`.
        """
        return ProcessRuntime(services_folder(self.settings.home), may_start_supervisor=False)

    @cached_property
    def store(self) -> ObjectStore:
        """Where artifacts and backups are kept: a folder or a bucket."""
        return store_of(self.settings)

    def identity(self) -> Identity:
        """Return who we are: the mark of what is made here."""
        return identify(self.control, self.settings.home)

    def repository(self, project_slug: str) -> Repository:
        """Return the repository of the project's backups."""
        return repository_of(self.store, self.settings, project_slug)


@cache
def this_platform() -> Platform:
    """Return this process's platform; a sensor ticks every second and must not pay for a connection each time."""
    return Platform()


def store_of(settings: Settings) -> ObjectStore:
    """Return the store that the settings name."""
    options = S3Options(
        encryption=settings.store_encryption,
        kms_key_id=settings.store_kms_key_id,
        lock_mode=settings.store_lock_mode,
        lock_for=timedelta(days=settings.store_lock_days),
    )
    return open_store(
        settings.store_url, default=settings.home / "store", endpoint_url=settings.store_endpoint_url, options=options
    )
