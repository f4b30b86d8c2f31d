"""The ports of the commands: control plane, platform and runtime from the settings."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput

if TYPE_CHECKING:
    from odooops_dagster.doors.cli.remote import RemoteDatabase
    from odooops_dagster.platform import Platform
    from odooops_dagster.settings import Settings
    from odooops_dagster.tools.runtime import Runtime
    from odooops_dagster.tools.store import ObjectStore

# The server whose API is asked in the place of the database, and the key for it, which no list of processes shows.
SERVER = "OPS_SERVER"
KEY = "OPS_KEY"


def read_settings() -> Settings:
    """Return the settings of the environment variables.

    Like all of this file it imports when it is called: a verb's help needs none of it.
    """
    from odooops_dagster.settings import Settings

    return Settings()


@contextmanager
def control_plane(settings: Settings | None = None) -> Iterator[ControlPlane]:
    """Yield the control plane for one command."""
    with platform(settings) as opened:
        yield opened.control


def remote() -> RemoteDatabase | None:
    """Return the server that is named; None if none is.

    Raises:
        BadInput: the server is named without a key, or would get it unencrypted.
    """
    server = os.environ.get(SERVER, "")
    if not server:
        return None
    from odooops_dagster.doors.cli.bearer import is_encrypted
    from odooops_dagster.doors.cli.remote import RemoteDatabase

    key = os.environ.get(KEY, "")
    if not key:
        raise BadInput(f"{KEY} is not set", hint=f"ops key create makes a key for {server}; export {KEY}=opsk_…")
    if not is_encrypted(server):
        raise BadInput(f"{server} would get the key unencrypted", hint="write https://, or ask on the server itself")
    return RemoteDatabase(server, key=key)


def is_remote() -> bool:
    """Return whether a server is named: what this machine has of an environment is then not the environment's."""
    return bool(os.environ.get(SERVER))


def _remote_plane() -> ControlPlane | None:
    database = remote()
    return ControlPlane.over(database) if database is not None else None


@contextmanager
def owner_plane() -> Iterator[ControlPlane]:
    """Yield the control plane as the schema's owner, for what the operator may not: it decides nothing for people."""
    from odooops_dagster.local.postgres import owner_url

    with _remote_plane() or ControlPlane(owner_url(read_settings()), max_connections=1, is_patient=False) as control:
        yield control


def platform(settings: Settings | None = None) -> Platform:
    """Return the platform for one command, with one connection; the caller closes it."""
    from odooops_dagster.platform import Platform

    return Platform(settings, job="operator", max_connections=1, is_patient=False, control=_remote_plane())


def runtime(settings: Settings | None = None) -> Runtime:
    """Return the runtime of this machine, for reading; this starts nothing."""
    return platform(settings).runtime


def store(settings: Settings | None = None) -> ObjectStore:
    """Return the store of artifacts and evidence."""
    return platform(settings).store


def caller() -> str | None:
    """Return the name of the user at the terminal, for the run's row; None if it is unknown."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None


def acting(control: ControlPlane, named: str | None) -> str | None:
    """Return for whom the platform acts, by default the user at the terminal; None for a person's own login."""
    return named or (caller() if control.people.speaks_for_others() else None)
