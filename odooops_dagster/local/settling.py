"""Brings the embedded clusters into order before their servers start."""

from __future__ import annotations

from collections.abc import Callable

from odooops_dagster.local.clusters import CONTROL, ENVIRONMENTS
from odooops_dagster.local.postgres import EmbeddedPostgres, embedded_servers
from odooops_dagster.local.recovery.exchange import finish_restore
from odooops_dagster.local.separation import Separated, drop_moved, separate
from odooops_dagster.local.server_sandbox import confines_servers
from odooops_dagster.local.superuser import set_up
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres.connections import Connection


def settle(settings: Settings) -> Separated | None:
    """Make the clusters that the settings need; return what was moved out of an earlier version's cluster, if anything.

    A restore of the platform that was killed during its last step is ended first.

    Only for who holds the stack's lock: servers that still run without a supervisor are stopped.
    """
    finish_restore(settings.home)
    confined = confines_servers(settings)
    control = EmbeddedPostgres(settings.home, CONTROL, confined=confined)
    environments = EmbeddedPostgres(settings.home, ENVIRONMENTS, confined=confined)
    for server in (control, environments):
        if server.running():
            server.stop()
        server.clear_leftovers()
    needed = embedded_servers(settings)
    is_ours = any(server.cluster is CONTROL for server in needed)
    moved = separate(environments, control) if is_ours else None
    for server in needed:
        server.prepare()
    if environments.data.exists():
        set_up(environments, first=_dropping(control))
    return moved


def _dropping(control: EmbeddedPostgres) -> Callable[[Connection], None]:
    """Return what drops the platform's own databases from the environments' cluster, once they are in their own."""
    return drop_moved if control.data.exists() else lambda _connection: None
