"""Installs Odoo's own Python dependencies: our pinned versions of the series."""

from __future__ import annotations

import platform
import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from odooops_dagster.errors import MissingDependency, StepFailed
from odooops_dagster.tools.odoo import python, uv_install
from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.odoo.programs import Progress
from odooops_dagster.tools.odoo.python import INDEX_IS_SILENT, PipFailed

_WHAT = "Odoo's Python packages"


def require_python(series: str) -> None:
    """Refuse a series that does not run on this Python, before anything is downloaded.

    Raises:
        MissingDependency: the message names the Pythons that it runs on.
    """
    pythons = odoo_series.series(series).pythons
    ours = ".".join(platform.python_version_tuple()[:2])
    if ours not in pythons:
        raise MissingDependency(
            f"Odoo {series} runs on Python {', '.join(pythons)}, and this platform on Python {ours}",
            hint=f"run the platform with Python {pythons[-1]}",
        )


def install_pins(venv: Path, *, series: str, progress: Progress) -> None:
    """Install the pinned versions; the list is complete, so that no dependencies are resolved.

    Raises:
        StepFailed: a package cannot be installed; the message names it, the hint is for the operator.
    """
    interpreter = venv / "bin" / "python"
    with resources.as_file(_pins(series)) as file:
        if uv_install.install_pins(interpreter, file, what=_WHAT, progress=progress):
            return
        options = ("--no-deps", "--prefer-binary")
        try:
            python.pip_install(interpreter, [*options, "-r", str(file)], what=_WHAT, progress=progress)
        except PipFailed as exc:
            raise _operators_fault(exc, asked=file.read_text(), series=series) from exc


def _operators_fault(failed: PipFailed, *, asked: str, series: str) -> StepFailed:
    """Return an error for people who pushed a repository: it says that their code is not the cause."""
    machine = f"Python {platform.python_version()} ({platform.machine()})"
    reason = _with_version(failed.reason, asked)
    return StepFailed(
        f"the repository is not at fault: Odoo {series}'s own packages cannot be installed on {machine}: {reason}",
        hint=f"{_remedy(failed)}; then ops run retry",
    )


def _with_version(reason: str, asked: str) -> str:
    """Return the reason, with the version added to a package that pip names without one."""
    name = reason.partition(" cannot be built")[0]
    pin = re.search(rf"^{re.escape(name)}==[^ ;]+", asked, re.MULTILINE)
    return pin[0] + reason.removeprefix(name) if pin else reason


def _remedy(failed: PipFailed) -> str:
    if failed.is_unreachable:
        return INDEX_IS_SILENT
    if "which requires Python" in failed.reason:
        return "run the platform with another Python (3.11, 3.12 or 3.13)"
    if "cannot be built from source" in failed.reason:
        return "install a compiler and Python's headers on the platform's machine (Debian: apt install g++ python3-dev)"
    if missing := re.match(r"No matching distribution found for (\S+==\S+)", failed.reason):
        return f"see whether pip's index has it (pip download --no-deps {missing[1]}), and correct pip's index settings"
    return "put right on the platform's machine what pip names"


def _pins(series: str) -> Traversable:
    return odoo_series.series(series).file("requirements.txt")
