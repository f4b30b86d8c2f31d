"""The only way to drop a database of the environments' server: the record is asked before.

Every step comes here, the janitor too, whether it drops an environment's database, a template, a sidecar or what a
failed attempt made. A name that an environment's row serves, or that a restore keeps to return to, is refused.
"""

from __future__ import annotations

from odooops_dagster.control import ControlPlane
from odooops_dagster.databases import OdooDatabases
from odooops_dagster.model import Fence


def retire_database(
    control: ControlPlane, databases: OdooDatabases, name: str, *, destroyer: Fence | None = None
) -> None:
    """Drop the database if no environment uses it; one that is not there is fine.

    `destroyer` is a running destroy run: what its own environment uses may go. Where the record cannot be asked nothing
    is dropped.

    Raises:
        Conflict: an environment serves the database, or a restore that can be undone keeps it.
    """
    control.environments.require_unused_database(name, destroyer=destroyer)
    databases.drop(name)
