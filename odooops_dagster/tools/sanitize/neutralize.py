"""What must be told to a copy of production before any Odoo may open it: each installed module's own neutralize.sql.

Read from the addons themselves and run by us, because `odoo neutralize` opens the database with a registry first, and
skips in silence what it cannot find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.tools.odoo import modules

# States in which Odoo itself takes a module for installed (odoo/modules/neutralize.py).
_INSTALLED = frozenset({"installed", "to upgrade", "to remove"})
_SCRIPT = Path("data") / "neutralize.sql"


@dataclass(frozen=True, kw_only=True)
class Script:
    """SQL to run in the copy, and the name under which its errors are told."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What neutralisation knows of the installed modules: names, each in one of the three."""

    neutralized: tuple[str, ...]
    without_script: tuple[str, ...]
    without_code: tuple[str, ...]

    def own_without_script(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return those of the modules that bring no script: nobody has said what they talk to."""
        return tuple(name for name in self.without_script if name in set(names))


def installed(states: Mapping[str, str]) -> tuple[str, ...]:
    """Return the modules that Odoo would load, `base` first and the rest by name."""
    names = (name for name, state in states.items() if state in _INSTALLED)
    return tuple(sorted(names, key=lambda name: (name != "base", name)))


def scripts(names: Sequence[str], addons_paths: Sequence[Path]) -> tuple[Script, ...]:
    """Return the neutralising scripts of the modules, in their order."""
    found = ((name, modules.find(name, addons_paths)) for name in names)
    return tuple(
        Script(name=f"{name}/{_SCRIPT}", text=(addon / _SCRIPT).read_text())
        for name, addon in found
        if addon and (addon / _SCRIPT).is_file()
    )


def coverage(names: Sequence[str], addons_paths: Sequence[Path]) -> Coverage:
    """Say which modules bring a script, which bring none, and of which there is no code to look at."""
    found = {name: modules.find(name, addons_paths) for name in names}
    return Coverage(
        neutralized=tuple(name for name, addon in found.items() if addon and (addon / _SCRIPT).is_file()),
        without_script=tuple(name for name, addon in found.items() if addon and not (addon / _SCRIPT).is_file()),
        without_code=tuple(name for name, addon in found.items() if addon is None),
    )


def masks(folder: Path) -> tuple[Script, ...]:
    """Return the project's masking hooks: every .sql file of the folder, by name; none where it has no such folder."""
    return tuple(Script(name=file.name, text=file.read_text()) for file in sorted(folder.glob("*.sql")))
