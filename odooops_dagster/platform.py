"""Creates the platform's parts from its settings: the only place that chooses the implementations.

A part is created at first use, because a command or a request needs only a few.
"""

from __future__ import annotations

from functools import cache, cached_property
from threading import Lock
from typing import TYPE_CHECKING, Self

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.caller import Caller, CallerDatabase
from odooops_dagster.control.database import Database
from odooops_dagster.errors import Unavailable
from odooops_dagster.home import cluster_sockets, secrets_folder, services_folder
from odooops_dagster.local.containers import docker_runtime, uses_containers
from odooops_dagster.local.identity import identify
from odooops_dagster.local.postgres import Job, callers_url, control_url, database_urls, variable_of
from odooops_dagster.ownership import Identity
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.postgres.limits import RoleLimits
from odooops_dagster.tools.runtime import InteractiveRuntime
from odooops_dagster.tools.store import ObjectStore
from odooops_dagster.tools.store.configured import store_of

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from odooops_dagster.local.recovery.kept import PlatformBackups
    from odooops_dagster.tools.backup.repository import Repository


class Platform:
    """The platform's parts; close it, or use it in a `with`, unless it lives as long as its process.

    Args:
        settings: the settings; by default from the environment variables.
        job: the job of the program, which decides its login at the control plane.
        max_connections: maximum number of open connections to the control plane.
        is_patient: whether to wait for a control plane that does not answer: programs do, commands do not.
        control: a control plane to use instead of the one in the settings; the caller closes it.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        job: Job = "worker",
        max_connections: int = 8,
        is_patient: bool = True,
        control: ControlPlane | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self._job: Job = job
        self._max_connections = max_connections
        self._is_patient = is_patient
        self._given = control
        self._opened: ControlPlane | None = None
        self._callers: Database | None = None
        self._lock = Lock()  # several threads handle requests

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the control plane, if this platform opened it."""
        with self._lock:
            opened, self._opened = self._opened, None
            callers, self._callers = self._callers, None
        for each in (opened, callers):
            if each is not None:
                each.close()

    @property
    def control(self) -> ControlPlane:
        """The control plane, opened at first use."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._opened is None:
                url = control_url(self.settings, self._job)
                self._opened = ControlPlane(
                    url,
                    max_connections=self._max_connections,
                    is_patient=self._is_patient,
                    variable=variable_of(self.settings, self._job),
                )
            return self._opened

    def acting(self, caller: Caller, *, is_read_only: bool) -> ControlPlane:
        """Return the control plane as the caller sees it.

        Raises:
            Unavailable: the settings name no login for callers.
        """
        with self._lock:
            if self._callers is None:
                url = callers_url(self.settings)
                if url is None:
                    raise Unavailable(
                        "The API has no login at the database",
                        hint="give ops_api a password, and name it in ODOOOPS_API_DATABASE_URL",
                    )
                self._callers = Database(
                    url, max_connections=self._max_connections, variable="ODOOOPS_API_DATABASE_URL"
                )
        return ControlPlane.over(CallerDatabase(self._callers, caller, is_read_only=is_read_only))

    @cached_property
    def databases(self) -> OdooDatabases:
        """The environments' database server."""
        home = self.settings.home
        return OdooDatabases(
            database_urls(self.settings).odoo,
            secrets=secrets_folder(home),
            identity=self.identity,
            socket_folder=cluster_sockets(home) if self.settings.odoo_database_url is None else None,
            limits=RoleLimits(
                connections=self.settings.odoo_connections,
                temp_file_mb=self.settings.odoo_temp_file_mb,
                idle_minutes=self.settings.odoo_idle_minutes,
            ),
        )

    @cached_property
    def runtime(self) -> InteractiveRuntime:
        """The runtime of the environments: processes under a supervisor that outlives the run, or containers.

        Only the stack starts the supervisor: one started here would outlive `ops down`.
        """
        if uses_containers(self.settings):
            return docker_runtime(self.settings)
        from odooops_dagster.tools.runtime.process import ProcessRuntime  # noqa: PLC0415 - the gateway needs none

        return ProcessRuntime(services_folder(self.settings.home), may_start_supervisor=False)

    @cached_property
    def store(self) -> ObjectStore:
        """The store of artifacts and backups: a folder or a bucket."""
        return store_of(self.settings)

    def identity(self) -> Identity:
        """Return our identity, for the marks of new objects."""
        return identify(self.control, self.settings.home)

    def repository(self, project_slug: str) -> Repository:
        """Return the repository of the project's backups."""
        from odooops_dagster.tools.backup.repositories import repository_of  # noqa: PLC0415 - as the runtime

        return repository_of(self.store, self.settings, project_slug)


@cache
def this_platform() -> Platform:
    """Return this process's platform, cached so that a sensor's tick every second opens no new connection."""
    return Platform()


def platform_backups_of(
    settings: Settings, key_file: Path | None = None, *, platform: UUID | None = None
) -> PlatformBackups:
    """Return the backups of the platform itself in their store, sealed with the key in the file or of the settings.

    Without the id of a control plane they are those of the one that the state folder has seen; of every one if it has
    seen none.
    """
    from odooops_dagster.local.installation import seen_control_plane  # noqa: PLC0415 - few commands need it
    from odooops_dagster.local.recovery.kept import PlatformBackups  # noqa: PLC0415 - few commands need it
    from odooops_dagster.local.recovery.key import sealer_of  # noqa: PLC0415 - the same

    url = settings.platform_store_url or settings.store_url
    store = store_of(settings.model_copy(update={"store_url": url}))
    seen = seen_control_plane(settings.home)
    return PlatformBackups(store, sealer_of(settings, key_file), platform=platform or (seen.id if seen else None))
