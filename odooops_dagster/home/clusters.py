"""The places of the embedded PostgreSQL in the state folder.

There is one cluster for the environments' databases, and one for the control plane's and Dagster's,
`StateEntry.CONTROL`.
"""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.home.contents import StateEntry


def cluster_folder(home: Path, cluster: StateEntry = StateEntry.POSTGRES) -> Path:
    """Return the data directory of the cluster."""
    return home / cluster / "data"


def cluster_port_file(home: Path, cluster: StateEntry = StateEntry.POSTGRES) -> Path:
    """Return the file with the port of the cluster's server."""
    return home / cluster / "port"


def cluster_set_up_file(home: Path, cluster: StateEntry = StateEntry.POSTGRES) -> Path:
    """Return the file that records what the superuser has set up in the cluster."""
    return home / cluster / "set-up"


def cluster_lock(home: Path, cluster: StateEntry = StateEntry.POSTGRES) -> Path:
    """Return the lock of the one process that prepares the cluster."""
    return home / StateEntry.RUN / f"{cluster}.lock"


def cluster_running_lock(home: Path, cluster: StateEntry = StateEntry.POSTGRES) -> Path:
    """Return the lock that the processes of the cluster's server hold if it runs in a sandbox."""
    return home / StateEntry.RUN / f"{cluster}.running"


def cluster_sockets(home: Path, cluster: StateEntry = StateEntry.POSTGRES) -> Path:
    """Return the folder of the socket of the cluster's server."""
    return home / StateEntry.RUN / cluster


def set_up_sockets(home: Path, cluster: StateEntry = StateEntry.POSTGRES) -> Path:
    """Return the folder of the socket at which the cluster's superuser sets it up."""
    return home / StateEntry.RUN / f"set-up-{cluster}"


def server_programs(home: Path, version: str) -> Path:
    """Return the copy of PostgreSQL's programs of this version."""
    return home / StateEntry.POSTGRESQL / version
