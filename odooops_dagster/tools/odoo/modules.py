"""Reads Odoo modules on disk: manifests, dependencies, checksums and tests."""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.odoo.named_places import place_in

_MANIFEST = "__manifest__.py"
_BASE = "base"
# Jinja's marks, which cookiecutter and copier use too.
_TEMPLATE_MARKS = ("{{", "{%")


def read_manifest(addon: Path) -> Mapping[str, Any]:
    """Return the module's manifest.

    Raises:
        StepFailed: the manifest is not one Python dictionary.
    """
    file = addon / _MANIFEST
    try:
        manifest = ast.literal_eval(file.read_text())
    except SyntaxError as exc:
        raise StepFailed(f"{file}:{exc.lineno or 1}: {type(exc).__name__}: {exc.msg}") from exc
    except (ValueError, UnicodeDecodeError) as exc:
        reason = f"the manifest holds more than plain values: {exc}"
        raise StepFailed(f"{file}: {reason}", hint="Odoo reads it with ast.literal_eval") from exc
    if not isinstance(manifest, dict):
        raise StepFailed(f"{file}:1: the manifest is not a dictionary", hint="begin it with {")
    return manifest


def place_in_manifest(addon: Path, name: str) -> str:
    """Return the manifest and the line in which it names something."""
    file = addon / _MANIFEST
    return f"{file}:{place_in(file, (name,)) or 1}"


def installable(addons_path: Path) -> tuple[str, ...]:
    """Return the names of the installable modules in the folder, sorted.

    Raises:
        StepFailed: the manifest of a module cannot be read.
    """
    addons = (addon for addon in _addons(addons_path) if why_no_module(addon) is None)
    return tuple(sorted(addon.name for addon in addons if read_manifest(addon).get("installable", True)))


def passed_over(addons_path: Path) -> dict[Path, str]:
    """Return the folders that contain a manifest but are not modules for Odoo, each with the reason."""
    return {addon: why for addon in sorted(_addons(addons_path)) if (why := why_no_module(addon)) is not None}


def why_no_module(addon: Path) -> str | None:
    """Return why the folder is not a module for Odoo; None if it is.

    Source: odoo/modules/module.py, which imports a module as a Python package of its name.
    """
    if not addon.name.isidentifier():
        return "its name is no Python name"
    text = (addon / _MANIFEST).read_text(errors="replace")
    if any(mark in text for mark in _TEMPLATE_MARKS) and not _is_python(text):
        return f"its {_MANIFEST} is a template"
    return None


def find(name: str, addons_paths: Sequence[Path]) -> Path | None:
    """Return the module's folder in the first addons path that has it, as in Odoo; None if there is none."""
    return next((path / name for path in addons_paths if (path / name / _MANIFEST).is_file()), None)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The modules that some modules need, themselves included; what is wrong has the module that depends on it."""

    found: frozenset[str]
    missing: Mapping[str, str]
    uninstallable: Mapping[str, str]


def walk(names: Sequence[str], addons_paths: Sequence[Path]) -> Walk:
    """Follow the dependencies of the modules, and of `base`, to their ends."""
    wanted_by: dict[str, str] = {}
    missing: dict[str, str] = {}
    uninstallable: dict[str, str] = {}
    waiting = [(name, "") for name in (*names, _BASE)]
    while waiting:
        name, depending = waiting.pop()
        if name in wanted_by:
            continue
        wanted_by[name] = depending
        manifest = read_manifest(addon) if (addon := find(name, addons_paths)) else None
        if manifest is None:
            missing[name] = depending
        elif not manifest.get("installable", True):
            uninstallable[name] = depending
        else:
            waiting.extend((depended, name) for depended in _depends(name, manifest))
    found = frozenset(wanted_by) - set(missing) - set(uninstallable)
    return Walk(found=found, missing=missing, uninstallable=uninstallable)


def closure(names: Sequence[str], addons_paths: Sequence[Path]) -> frozenset[str]:
    """Return the modules and all their dependencies, including `base`.

    Raises:
        StepFailed: a dependency is in no addons path or is not installable.
    """
    walked = walk(names, addons_paths)
    faults = [told_missing(walked.missing), told_uninstallable(walked.uninstallable)]
    if any(faults):
        raise StepFailed("; ".join(filter(None, faults)), hint="add them to the repository, or to requirements.txt")
    return walked.found


def circle(names: Collection[str], addons_paths: Sequence[Path]) -> tuple[str, ...]:
    """Return a circle of modules, each depending on the next, from the first by name.

    Returns an empty tuple if there are none.
    """
    manifests = {name: read_manifest(addon) for name in names if (addon := find(name, addons_paths))}
    depends = {name: sorted({*_depends(name, manifest)} & {*manifests}) for name, manifest in manifests.items()}
    try:
        TopologicalSorter(depends).prepare()
    except CycleError as exc:
        # The list is closed: its first is its last, and each is a dependency of the one that follows.
        found = [*reversed(exc.args[1][1:])]
        start = found.index(min(found))
        return (*found[start:], *found[:start])
    return ()


def told_missing(missing: Mapping[str, str]) -> str:
    """Return the missing modules in words; empty if there are none."""
    named = _named(missing)
    return f"{named} {'is' if len(missing) == 1 else 'are'} in no addons path" if missing else ""


def told_uninstallable(uninstallable: Mapping[str, str]) -> str:
    """Return the modules that are not installable in words; empty if there are none."""
    named = _named(uninstallable)
    return f"{named} {'is' if len(uninstallable) == 1 else 'are'} marked as not installable" if uninstallable else ""


def depends_on(name: str, others: Collection[str], addons_paths: Sequence[Path]) -> bool:
    """Return whether the module is one of the others or depends on one of them."""
    return not closure([name], addons_paths).isdisjoint(others)


def folders_of(names: Collection[str], addons_paths: Sequence[Path]) -> frozenset[Path]:
    """Return the addons paths in which Odoo finds the modules."""
    return frozenset(addon.parent for name in names if (addon := find(name, addons_paths)))


def self_installing(addons_paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the non-Odoo modules that Odoo may install automatically after their dependencies, sorted.

    Source: `auto_install` in the reference of module manifests, and `button_install` in
    odoo/addons/base/models/ir_module.py.
    """
    others = [path for path in addons_paths if not _is_odoos_own(path)]
    names = {name for path in others for name in installable(path)}
    return tuple(sorted(name for name in names if _installs_itself(name, addons_paths)))


def is_odoos(name: str, addons_paths: Sequence[Path]) -> bool:
    """Return whether the module is part of Odoo itself."""
    addon = find(name, addons_paths)
    return addon is not None and _is_odoos_own(addon.parent)


def odoos_paths(addons_paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the addons paths that are part of Odoo itself."""
    return tuple(path for path in addons_paths if _is_odoos_own(path))


def checksums(names: Collection[str], addons_paths: Sequence[Path]) -> dict[str, str]:
    """Return the SHA-256 of each module's files, or `odoo` for a module that Odoo's revision already identifies."""
    return {name: _checksum_of(name, addons_paths) for name in sorted(names)}


def checksum(addon: Path) -> str:
    """Return the SHA-256 over the names and bytes of the module's files, without compiled ones."""
    total = hashlib.sha256()
    for file in sorted(_files(addon)):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        # Hash the name's bytes: a file name may have any encoding.
        total.update(os.fsencode(file.relative_to(addon)) + f"\0{digest}\n".encode())
    return total.hexdigest()


def with_tests(names: Sequence[str], addons_paths: Sequence[Path]) -> tuple[str, ...]:
    """Return those of the modules that have a tests package; only Odoo knows which of its tests run."""
    found = {name: find(name, addons_paths) for name in sorted(names)}
    return tuple(name for name, addon in found.items() if addon and (addon / "tests" / "__init__.py").is_file())


def _addons(addons_path: Path) -> Iterator[Path]:
    return (path.parent for path in addons_path.glob(f"*/{_MANIFEST}"))


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _installs_itself(name: str, addons_paths: Sequence[Path]) -> bool:
    addon = find(name, addons_paths)
    # An empty list means "depends only on base", and Odoo treats it like True.
    return addon is not None and read_manifest(addon).get("auto_install", False) is not False


def _depends(name: str, manifest: Mapping[str, Any]) -> list[str]:
    depends = list(manifest.get("depends") or ())
    return depends if name == _BASE else [*depends, _BASE]


def _named(wanted: Mapping[str, str]) -> str:
    """Return the modules in words, each with the module that depends on it."""
    one = len(wanted) == 1
    needed = {name: f", which {by} depends on," if one else f" (for {by})" for name, by in wanted.items() if by}
    return f"module{'' if one else 's'} " + ", ".join(f"{name}{needed.get(name, '')}" for name in sorted(wanted))


def _checksum_of(name: str, addons_paths: Sequence[Path]) -> str:
    addon = find(name, addons_paths)
    if addon is None:
        raise StepFailed(f"module {name} is in no addons path")
    return "odoo" if _is_odoos_own(addon.parent) else checksum(addon)


def _is_odoos_own(addons_path: Path) -> bool:
    return (addons_path / _BASE).is_dir() or (addons_path.parent / "odoo" / "release.py").is_file()


def _files(folder: Path) -> Iterator[Path]:
    for place, subfolders, names in os.walk(folder):
        subfolders[:] = [name for name in subfolders if name not in {"__pycache__", ".git"}]
        yield from (path for name in names if not name.endswith(".pyc") and (path := Path(place, name)).is_file())
