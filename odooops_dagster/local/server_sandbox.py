"""The sandbox of an embedded PostgreSQL server, for a platform that an ordinary user runs.

Both servers then have that user's account. Whoever becomes superuser of one of them runs programs as the server does:
in the sandbox they find its own files, and neither the other server's, nor the platform's secrets and programs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from odooops_dagster.model import Limits, Sandbox
from odooops_dagster.settings import Settings

# A server has the limits of its configuration.
_LIMITS = Limits(processes=0, open_files=0, file_mb=0, memory_files_mb=0)


def confines_servers(settings: Settings) -> bool:
    """Return whether the servers run in sandboxes: if the platform is root, accounts of their own take their place."""
    return not settings.trust_pushers and os.geteuid() != 0


def server_sandbox(data: Path, *, sockets: Sequence[Path], bin_dir: Path) -> Sandbox:
    """Return the server's sandbox; it listens on the machine's loopback, and so has the machine's network.

    Args:
        data: the cluster's folder.
        sockets: the folders of its sockets.
        bin_dir: the folder of PostgreSQL's programs.
    """
    package = bin_dir.absolute().parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    return Sandbox(
        writable=(data, *sockets),
        readable=(package, *([libraries] if libraries.is_dir() else [])),
        home=data,
        shares_network=True,
        limits=_LIMITS,
    )
