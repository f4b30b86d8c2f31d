"""The two embedded clusters: the platform's own databases, and the environments', each with what it is set to.

An environment's database can fill its server, crash it, or find a hole in it. What the platform decides by is on
another server, with other files and other passwords, and as root under another account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from odooops_dagster.home import (
    ADMINISTRATOR,
    SUPERUSER,
    SUPERUSER_SECRET,
    StateEntry,
    password_secret,
)
from odooops_dagster.local.provision import OF_CONTROL, Password, provision_control, provision_environments
from odooops_dagster.tools.postgres.connections import Connection

# The first versions with reserved connections for roles that are no superusers, and with processes that only read.
_RESERVING = 16
_READING = 18
# Of a server that is thrown away: nobody replicates it, compressing pages took a tenth of its CPU seconds, and what
# autovacuum tidies up is gone soon.
_THROWN_AWAY = {
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "off",
    "autovacuum": "off",
}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """One of the embedded clusters.

    Args:
        entry: its folder in the state folder; also the name of its program, log and socket folder.
        holds: what it holds, for people.
        accounts: the accounts to run it as if the platform is root: the first that exists, else the first is made.
        logins: the roles that the platform uses there.
        superuser_secret: the secret with the superuser's password; None if nobody can log in as the superuser.
        provision: makes the platform's roles and databases there, as the superuser.
        settings: the server's settings that are not those of every cluster.
    """

    entry: StateEntry
    holds: str
    accounts: tuple[str, ...]
    logins: tuple[str, ...]
    superuser_secret: str | None
    provision: Callable[[Connection, Password], None]
    settings: Mapping[str, str]

    def secret_of(self, role: str) -> str | None:
        """Return the name of the secret with the role's password; None for a superuser that cannot log in."""
        return self.superuser_secret if role == SUPERUSER else password_secret(role)

    @property
    def keeper(self) -> str:
        """Return the role that sees whether the server answers: one that is let in when the server is full."""
        return SUPERUSER if self.superuser_secret else self.logins[-1]


CONTROL = Cluster(
    entry=StateEntry.CONTROL,
    holds="the control plane",
    # Another one than the environments': a superuser of their cluster can run programs as its account.
    accounts=("odooops-control",),
    logins=OF_CONTROL,
    superuser_secret=SUPERUSER_SECRET,
    provision=provision_control,
    settings={
        # The platform's programs keep a few connections open; Dagster opens one for each statement.
        "max_connections": "200",
        "reserved_connections": "40",
        "shared_buffers": "64MB",
        "max_wal_size": "1GB",
        # Three processes less; what is read is small and in memory.
        "io_method": "sync",
        # Each possible connection has a place for so many reads: 1 MB less for what this server reads.
        "io_max_concurrency": "4",
    },
)

ENVIRONMENTS = Cluster(
    entry=StateEntry.POSTGRES,
    holds="the environments' databases",
    accounts=("odooops", "postgres"),
    logins=(ADMINISTRATOR,),
    superuser_secret=None,
    provision=provision_environments,
    settings={
        # Each Odoo has its own connection pool.
        "max_connections": "300",
        # For the administrator, however many connections the environments hold.
        "reserved_connections": "30",
        "shared_buffers": "256MB",
        "max_wal_size": "2GB",
        # As many reads at once as effective_io_concurrency lets a query have; 64, the default, take 2.5 MB more.
        "io_max_concurrency": "16",
    },
)


def configuration(cluster: Cluster, *, port: int, socket_folder: str, durable: bool, major: int) -> str:
    """Return a configuration file with the settings that differ from PostgreSQL's defaults."""
    on = "on" if durable else "off"
    values = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": socket_folder,
        "password_encryption": "scram-sha-256",
        "max_locks_per_transaction": "128",
        "effective_cache_size": "1GB",
        "work_mem": "8MB",
        "maintenance_work_mem": "128MB",
        "random_page_cost": "1.1",
        # The queries are short; JIT compilation costs more than it saves.
        "jit": "off",
        "wal_compression": "on",
        "fsync": on,
        "full_page_writes": on,
        "synchronous_commit": on,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u@%d ",
        **cluster.settings,
        **({} if durable else _THROWN_AWAY),
    }
    known_since = {"reserved_connections": _RESERVING, "io_method": _READING, "io_max_concurrency": _READING}
    values = {name: value for name, value in values.items() if major >= known_since.get(name, 0)}
    lines = ["# Written by odooops at every start; put changes of your own into postgresql.conf, below the include."]
    return "\n".join([*lines, *(f"{name} = '{value}'" for name, value in values.items())]) + "\n"
