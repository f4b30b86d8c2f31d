"""Compares what the modules' manifests demand with what there is, all of it at once, before anything is installed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.odoo.commands import program
from odooops_dagster.tools.odoo.debian import installed_packages
from odooops_dagster.tools.odoo.programs import run_program
from odooops_dagster.wording import some_of

# Odoo adds its series to a shorter version, and refuses one of four or five parts that begins with another series
# since 17.0: adapt_version in odoo/modules/module.py.
_FULL_VERSION = re.compile(r"(?P<series>\d+\.\d+)\.\d+\.\d+(\.\d+)?")
_FIRST_THAT_REFUSES = 17
# A tree of another series has up to a hundred modules, and the reason of a run is cut after 500 characters.
_SHOWN = 5
_INSTALL = (
    "as root on the platform's machine: apt-get install {}; or let environments run in containers with"
    " ODOOOPS_IMAGE_REGISTRY set, whose images get them by themselves"
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One demand that is not met, and what to do about it."""

    what: str
    hint: str


def met(
    names: Sequence[str],
    addons_paths: Sequence[Path],
    *,
    series: str,
    python: Path,
    debian_packages: Sequence[str] = (),
    programs: Collection[str] = (),
) -> frozenset[str]:
    """Return the modules and all their dependencies.

    Args:
        names: the modules.
        addons_paths: where modules are.
        series: Odoo's.
        python: the interpreter of the build.
        debian_packages: names of packages that this machine has to have.
        programs: names of programs that an image has besides those of this machine.

    Raises:
        StepFailed: a module is missing, not installable or of another series, or lacks a Python package or a program,
            or one of `debian_packages` is not installed; the message names everything that is wrong.
    """
    walk = modules.walk(names, addons_paths)
    foreign = [addon for name in walk.found if (addon := _foreign(name, addons_paths))]
    _refuse(
        [
            *_missing(walk.missing, series, addons_paths),
            *_circular(foreign, addons_paths),
            *_uninstallable(walk.uninstallable),
            *_of_other_series(foreign, series),
            *_packages(walk.found, addons_paths, python),
            *_programs(walk.found, addons_paths, besides=programs),
            *_debian_packages(debian_packages),
        ]
    )
    return walk.found


def refuse_other_series(addons: Collection[Path], series: str) -> None:
    """Refuse modules whose version names another series."""
    _refuse(list(_of_other_series(addons, series)))


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        hints = dict.fromkeys(fault.hint for fault in faults)
        raise StepFailed("; ".join(fault.what for fault in faults), hint="; ".join(hints))


def _foreign(name: str, addons_paths: Sequence[Path]) -> Path | None:
    """Return the folder of a module that does not come with Odoo."""
    return None if modules.is_odoos(name, addons_paths) else modules.find(name, addons_paths)


def _missing(missing: Mapping[str, str], series: str, addons_paths: Sequence[Path]) -> Iterator[Fault]:
    if missing:
        name, depending = min(missing.items())
        addon = modules.find(depending, addons_paths) if depending else None
        place = f"{modules.place_in_manifest(addon, name)}: " if addon else ""
        wheels = " ".join(f"odoo-addon-{name}=={series}.*" for name in sorted(missing))
        hint = f"add what is missing to the repository, or to requirements.txt if PyPI has it: {wheels}"
        yield Fault(what=place + modules.told_missing(missing), hint=hint)


def _circular(addons: Collection[Path], addons_paths: Sequence[Path]) -> Iterator[Fault]:
    """Refuse a circle, in which Odoo installs none of the modules and says nothing."""
    circle = modules.circle([addon.name for addon in addons], addons_paths)
    first = modules.find(circle[0], addons_paths) if circle else None
    if first is not None:
        place = modules.place_in_manifest(first, circle[1])
        way = " depends on ".join([*circle, circle[0]])
        yield Fault(what=f"{place}: modules depend on each other: {way}", hint="take one of these dependencies away")


def _uninstallable(uninstallable: Mapping[str, str]) -> Iterator[Fault]:
    if uninstallable:
        yield Fault(what=modules.told_uninstallable(uninstallable), hint="port these modules, or depend on others")


def _of_other_series(addons: Collection[Path], series: str) -> Iterator[Fault]:
    if int(series.partition(".")[0]) < _FIRST_THAT_REFUSES:
        return
    versions_by_series: dict[str, dict[str, str]] = {}
    for addon in sorted(addons, key=lambda addon: addon.name):
        version = str(modules.read_manifest(addon).get("version", ""))
        full = _FULL_VERSION.fullmatch(version)
        if full and full["series"] != series:
            versions_by_series.setdefault(full["series"], {})[addon.name] = version
    for other, versions in versions_by_series.items():
        what = f"{_told_foreign(versions, other)}, the project of {series}"
        yield Fault(what=what, hint=f"take the modules of {series}, or create the project with another --odoo")


def _told_foreign(versions: Mapping[str, str], series: str) -> str:
    """Name the modules of another series; of many only the first, because a reason is one line."""
    if len(versions) == 1:
        [(name, version)] = versions.items()
        return f"module {name} is of {series} (version {version})"
    return f"{len(versions)} modules are of {series} ({some_of(sorted(versions), _SHOWN)})"


def _packages(names: Collection[str], addons_paths: Sequence[Path], python: Path) -> Iterator[Fault]:
    wanted = _external("python", names, addons_paths)
    if not wanted:
        return
    answer = run_program([str(python), str(program("unmet-packages")), json.dumps(sorted(wanted))])
    for name, why in json.loads(answer[-1]).items():
        what = f"Python package {name}, which {wanted[name]} needs, {why}"
        yield Fault(what=what, hint="name the Python packages in requirements.txt")


def _programs(names: Collection[str], addons_paths: Sequence[Path], *, besides: Collection[str]) -> Iterator[Fault]:
    for name, wanted_by in _external("bin", names, addons_paths).items():
        if name not in besides and shutil.which(name) is None:
            what = f"program {name}, which {wanted_by} needs, is not on the platform's machine"
            yield Fault(what=what, hint="install the programs on the platform's machine")


def _debian_packages(names: Sequence[str]) -> Iterator[Fault]:
    missing = sorted(set(names) - installed_packages()) if names else []
    if missing:
        listed = " ".join(missing)
        what = f"Debian packages that the repository names are not on the platform's machine: {', '.join(missing)}"
        yield Fault(what=what, hint=_INSTALL.format(listed))


def _external(kind: str, names: Collection[str], addons_paths: Sequence[Path]) -> dict[str, str]:
    """Return what the modules' `external_dependencies` of this kind name, each with the first module that does."""
    wanted: dict[str, str] = {}
    for name in sorted(names):
        addon = modules.find(name, addons_paths)
        external = modules.read_manifest(addon).get("external_dependencies") if addon else None
        for needed in (external or {}).get(kind) or ():
            wanted.setdefault(str(needed), name)
    return wanted
