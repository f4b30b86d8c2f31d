"""Finds the neutralize.sql of each installed module, to run in a copy of production before any Odoo opens it.

The scripts are read from the addons and executed by us, because `odoo neutralize` first opens the database with a
registry, and silently skips modules that it cannot find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.tools.odoo import modules

# The states in which Odoo treats a module as installed (odoo/modules/neutralize.py).
_INSTALLED = frozenset({"installed", "to upgrade", "to remove"})
_SCRIPT = Path("data") / "neutralize.sql"


@dataclass(frozen=True, kw_only=True)
class Script:
    """SQL to run in the copy; `name` appears in its errors."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The installed modules by coverage; each name is in exactly one of the three fields."""

    neutralized: tuple[str, ...]
    without_script: tuple[str, ...]
    without_code: tuple[str, ...]

    def own_without_script(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return those of the named modules that have no script, so that their external connections are unknown."""
        return tuple(name for name in self.without_script if name in set(names))


def installed(states: Mapping[str, str]) -> tuple[str, ...]:
    """Return the modules that Odoo would load, `base` first, the rest sorted by name."""
    names = (name for name, state in states.items() if state in _INSTALLED)
    return tuple(sorted(names, key=lambda name: (name != "base", name)))


def scripts(names: Sequence[str], addons_paths: Sequence[Path]) -> tuple[Script, ...]:
    """Return the neutralization scripts of the modules, in the order of `names`."""
    found = ((name, modules.find(name, addons_paths)) for name in names)
    return tuple(
        Script(name=f"{name}/{_SCRIPT}", text=(addon / _SCRIPT).read_text())
        for name, addon in found
        if addon and (addon / _SCRIPT).is_file()
    )


def coverage(names: Sequence[str], addons_paths: Sequence[Path]) -> Coverage:
    """Return which modules have a script, which have none, and which have no code here."""
    found = {name: modules.find(name, addons_paths) for name in names}
    return Coverage(
        neutralized=tuple(name for name, addon in found.items() if addon and (addon / _SCRIPT).is_file()),
        without_script=tuple(name for name, addon in found.items() if addon and not (addon / _SCRIPT).is_file()),
        without_code=tuple(name for name, addon in found.items() if addon is None),
    )


def masks(folder: Path) -> tuple[Script, ...]:
    """Return the project's masking hooks: every .sql file of the folder, sorted; empty if there is no such folder."""
    return tuple(Script(name=file.name, text=file.read_text()) for file in sorted(folder.glob("*.sql")))
