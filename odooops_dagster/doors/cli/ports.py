"""The ports of the commands: control plane, platform and runtime from the settings."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.postgres import owner_url
from odooops_dagster.platform import Platform
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.store import ObjectStore


@contextmanager
def control_plane(settings: Settings | None = None) -> Iterator[ControlPlane]:
    """Yield the control plane for one command."""
    with platform(settings) as opened:
        yield opened.control


@contextmanager
def owner_plane() -> Iterator[ControlPlane]:
    """Yield the control plane as the schema's owner, for what the operator may not: it decides nothing for people."""
    with ControlPlane(owner_url(Settings()), max_connections=1, is_patient=False) as control:
        yield control


def platform(settings: Settings | None = None) -> Platform:
    """Return the platform for one command, with one connection; the caller closes it."""
    return Platform(settings, job="operator", max_connections=1, is_patient=False)


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
