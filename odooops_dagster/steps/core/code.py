"""The folders with the code that every sandbox may read: Odoo's installations and the interpreters of Python."""

from __future__ import annotations

import sys
from pathlib import Path

from odooops_dagster.home import installations_folder, python_environments
from odooops_dagster.model import Build
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.sandbox.interpreters import interpreter_folders


def odoo_folders(settings: Settings, *, series: str | None = None) -> set[Path]:
    """Return the folders of all Odoos, or of one series, and of the interpreters that they were installed with.

    Nothing that a project's packages could have written decides: a link or a path file of theirs could name any folder.
    """
    # One by one: the folder around them is closed to the accounts of environments.
    installations = {
        path
        for path in installations_folder(settings.cache_home.absolute()).glob("[!.]*")
        if path.is_dir() and series in (None, path.name)
    }
    ours = [Path(sys.executable)] if series is None else []
    pythons = [*ours, *(path / "venv" / "bin" / "python" for path in installations)]
    named = {*installations, *(folder for python in pythons for folder in interpreter_folders(python))}
    return named if settings.odoo_path is None else {*named, settings.odoo_path}


def packages_folder(settings: Settings, build: Build) -> Path | None:
    """Return the virtual environment of the build's own packages; None if it has none beside Odoo's."""
    venv = build.python.absolute().parent.parent
    return venv if venv.is_relative_to(python_environments(settings.cache_home.absolute())) else None
