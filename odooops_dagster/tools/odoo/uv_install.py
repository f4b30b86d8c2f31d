"""Installs a complete list of pinned packages with uv, which is ten times as fast as pip."""

from __future__ import annotations

import subprocess
from pathlib import Path

from uv import find_uv_bin

from odooops_dagster.child_environment import NETWORK, PIP, clean_environment
from odooops_dagster.tools.odoo.programs import ProgramFailed, Progress, run_program
from odooops_dagster.tools.odoo.uv_settings import listing, uv_settings

# Each package that came or went, and which Python it is: the platform made it.
_UNTOLD = ("+ ", "- ", "Using Python ", "Uninstalled ")


def install_pins(python: Path, pins: Path, *, what: str, progress: Progress) -> bool:
    """Install what the file names, dependencies excluded, and return whether that was possible.

    uv is not asked where pip's settings have no counterpart; where it fails, its caller asks pip, which says why in
    words that the platform understands. Files are compiled, because no later reader of them may write.
    """
    told = _settings(python)
    if told is None:
        progress(f"{what}: pip's settings are not uv's, so pip installs them")
        return False
    options = ("--no-deps", "--compile-bytecode", "--no-progress", "--python", str(python))
    argv = [find_uv_bin(), "pip", "install", *options, "--requirement", str(pins)]

    def report(line: str) -> None:
        if not line.lstrip().startswith(_UNTOLD):
            progress(f"{what}: {line.strip()}")

    try:
        run_program(argv, inherits=(NETWORK, PIP), env=told, on_line=report)
    except ProgramFailed as exc:
        progress(f"{what}: {exc}; pip tries it")
        return False
    return True


def _settings(python: Path) -> dict[str, str] | None:
    environment = clean_environment(NETWORK, PIP)
    try:
        return uv_settings(listing(str(python), environment), environment)
    except (subprocess.SubprocessError, OSError, ValueError):
        return None
