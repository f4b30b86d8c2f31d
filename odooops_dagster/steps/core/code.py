"""The folders with the code that every sandbox may read: Odoo's installations and the interpreters of Python."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from odooops_dagster.home import installations_folder
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.sandbox.interpreters import interpreter_folders


def odoo_folders(settings: Settings) -> set[Path]:
    """Return the folders of all Odoos and of the interpreters that they were installed with.

    Nothing that a project's packages could have written decides: a link or a path file of theirs could name any folder.
    """
    # One by one: the folder around them is closed to the accounts of environments.
    installations = {
        path for path in installations_folder(settings.cache_home.absolute()).glob("[!.]*") if path.is_dir()
    }
    pythons = [Path(sys.executable), *(path / "venv" / "bin" / "python" for path in installations)]
    named = {*installations, *(folder for python in pythons for folder in interpreter_folders(python))}
    return named if settings.odoo_path is None else {*named, settings.odoo_path}


def outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the existing paths outside /usr without those that are below another one."""
    existing = {path.absolute() for path in paths if path.exists()}
    found = {path for path in existing if not path.is_relative_to("/usr")}
    return tuple(sorted(path for path in found if not any(above in found for above in path.parents)))
