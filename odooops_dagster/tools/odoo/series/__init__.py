"""The differences between Odoo's series, as data: one folder per series. A new series is a new folder.

A folder has `series.toml`, described by the classes below, and `requirements.in` with its lock
`requirements.txt`, which scripts/dev/lock.sh makes; `secrets.toml`, the reviewed list of secret fields, is optional.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from pydantic import BaseModel, ConfigDict

from odooops_dagster.errors import BadInput

_FACTS = "series.toml"


class Options(BaseModel):
    """The arguments that say something to this series' command line; empty where it has no such option."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    demo: tuple[str, ...]  # install demo data
    no_demo: tuple[str, ...]  # install none


class Upgrade(BaseModel):
    """The needs of an upgrade to this series from the one before, besides `pythons` and `postgresql`.

    Source: OpenUpgrade's documentation, "Running the migration", and the manifests of its two packages.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: tuple[str, ...]  # the arguments that update every module
    openupgrade: tuple[str, ...]  # the packages of OpenUpgrade that lead to it, as requirements
    loads: tuple[str, ...]  # the modules that have to be loaded before any database, besides `server_wide_modules`
    scripts: str  # the folder of the migration scripts, relative to the addons of these packages


class Series(BaseModel):
    """The facts of one series of Odoo."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    pythons: tuple[str, ...]  # the versions that it and its pinned packages run on, as in 3.11
    postgresql: int  # the lowest major version of the server
    server_wide_modules: tuple[str, ...]  # the modules that it loads before any database
    options: Options
    upgrade: Upgrade
    debian_snapshot: str | None = None  # a moment of snapshot.debian.org at which unstable has its package

    def file(self, name: str) -> Traversable:
        """Return one of the series' files, which need not exist."""
        return _folders() / self.name / name


def known() -> tuple[str, ...]:
    """Return the names of all series, oldest first."""
    found = [folder.name for folder in _folders().iterdir() if (folder / _FACTS).is_file()]
    return tuple(sorted(found, key=number))


@cache
def series(name: str) -> Series:
    """Return the facts of a series.

    Raises:
        BadInput: the platform has no such series.
    """
    if name not in known():
        raise BadInput(f"{name!r} is not an Odoo series of this platform", hint=f"choose one: {', '.join(known())}")
    return Series(name=name, **tomllib.loads((_folders() / name / _FACTS).read_text("utf-8")))


def number(name: str) -> tuple[int, ...]:
    """Return the series' name as a number that sorts by age."""
    return tuple(map(int, name.split(".")))


def _folders() -> Traversable:
    return resources.files(__name__)
