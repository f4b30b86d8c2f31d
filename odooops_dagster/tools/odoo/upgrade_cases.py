"""Finds the upgrade cases of a commit, and the odoo/upgrade-util that they are test classes of.

Source: `src/testing.py` and README of github.com/odoo/upgrade-util, and `odoo/tests/loader.py`: a case of a module is
in `tests/test_*.py` of the folder with its migration scripts.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.model import Build
from odooops_dagster.tools.odoo.python import site_packages

_IMPORTS = re.compile(
    r"^\s*(from|import) +(odoo\.upgrade|odoo\.addons\.base\.maintenance\.migrations)\b.*\btesting\b", re.MULTILINE
)
# The table in which the library keeps what `prepare` returned: no other `testing.py` names it.
_TABLE = "upgrade_test_data"
_SCRIPTS = frozenset({"migrations", "upgrades"})
_MANIFEST = "__manifest__.py"


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """A file with upgrade cases, and the module whose upgrade they are about."""

    module: str
    path: Path

    @property
    def name(self) -> str:
        """Return where it is below an upgrade path."""
        return f"{self.module}/tests/{self.path.name}"


@dataclass(frozen=True, kw_only=True)
class UpgradeCases:
    """The files with upgrade cases of a commit's tree, and the folder of the library; None if it is not there."""

    root: Path
    files: tuple[CaseFile, ...]
    library: Path | None

    def gather(self, folder: Path) -> None:
        """Make the folder an upgrade path with the library, and with each module's scripts and cases."""
        assert self.library is not None  # noqa: S101 - without it nothing is gathered
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        folder.chmod(0o755)  # the account of the sandbox reads it
        for file in filter(_is_file, sorted(self.library.glob("*.py"))):
            shutil.copy(file, folder / file.name)
        _copy(self.library / "util", folder / "util")
        for module, scripts in sorted({(each.module, each.path.parent.parent) for each in self.files}):
            _copy(scripts, folder / module)

    def place(self, name: str, line: int) -> str:
        """Return the file and the line as the repository names them; the file is one below the upgrade path."""
        known = {each.name: str(each.path.relative_to(self.root)) for each in self.files}
        return f"{known.get(name, name)}:{line}" if line else known.get(name, name)


def find_cases(build: Build) -> UpgradeCases | None:
    """Return the cases of the build's repository; None if it has none.

    The library is looked for in the repository's tree, then among the packages of the build's Python.
    """
    root = build.source.path
    candidates = list(_candidates(root))
    if not candidates:
        return None
    own = sorted(path.parent for path in root.rglob("testing.py") if _is_library(path))
    files = tuple(each for each in candidates if not any(each.path.is_relative_to(folder) for folder in own))
    installed = site_packages(build.python.absolute().parent.parent) / "odoo" / "upgrade"
    found = [*own, *([installed] if _is_library(installed / "testing.py") else [])]
    return UpgradeCases(root=root, files=files, library=next(iter(found), None)) if files else None


def _candidates(root: Path) -> Iterator[CaseFile]:
    for path in sorted(root.rglob("tests/test_*.py")):
        module = _module_of(path.parent.parent)
        if module is not None and _is_file(path) and _IMPORTS.search(path.read_text(errors="replace")):
            yield CaseFile(module=module, path=path)


def _module_of(folder: Path) -> str | None:
    """Return the module of which the folder has migration scripts; None for a module's own folder."""
    if folder.name in _SCRIPTS and (folder.parent / _MANIFEST).is_file():
        return folder.parent.name
    return folder.name if folder.name.isidentifier() and not (folder / _MANIFEST).is_file() else None


def _is_library(path: Path) -> bool:
    return _is_file(path) and _TABLE in path.read_text(errors="replace")


def _is_file(path: Path) -> bool:
    """Return whether it is a file of its own: a link may lead out of the tree."""
    return path.is_file() and not path.is_symlink() and not path.parent.is_symlink()


def _copy(folder: Path, target: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.copytree(folder, target, dirs_exist_ok=True, ignore=_left_out)


def _left_out(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in {"__pycache__", ".git"} or (Path(folder) / name).is_symlink()}
