"""The platform's parts, made of its settings: the one place that says what serves each port.

A part is made when it is first asked for, as a command or a request needs few of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache, cached_property
from threading import RLock
from typing import Self, TypeVar

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.identity import identify
from odooops_dagster.local.postgres import control_url, database_urls
from odooops_dagster.local.programs import services_folder
from odooops_dagster.ownership import Identity
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.runtime.process import ProcessRuntime
from odooops_dagster.tools.store import ObjectStore, S3Options, open_store

Part = TypeVar("Part")


class Platform:
    """Holds the parts; close it, or use it in a `with`, where it does not live as long as its process.

    Args:
        settings: what the environment variables say, unless given.
        max_connections: how many connections to the control plane may be open at once.
        is_patient: whether to wait for a control plane that does not answer: programs do, commands do not.
    """

    def __init__(self, settings: Settings | None = None, *, max_connections: int = 8, is_patient: bool = True) -> None:
        self.settings = settings or Settings()
        self._max_connections = max_connections
        self._is_patient = is_patient
        self._lock = RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            control = self.__dict__.pop("control", None)
        if control is not None:
            control.close()

    @cached_property
    def control(self) -> ControlPlane:
        """The only reader and writer of schema ops."""
        return self._once("control", self._open_control)

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

    def _open_control(self) -> ControlPlane:
        url = control_url(self.settings)
        return ControlPlane(url, max_connections=self._max_connections, is_patient=self._is_patient)

    def _once(self, name: str, make: Callable[[], Part]) -> Part:
        """Make the part, unless another thread did: requests are answered by several."""
        with self._lock:
            made: Part = self.__dict__.get(name) or make()
            self.__dict__[name] = made
            return made


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
