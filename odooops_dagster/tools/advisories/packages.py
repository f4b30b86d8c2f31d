"""Gets OpenUpgrade's scripts from the package index, in an environment of their own in the cache.

They are AGPL-3 and no dependency of the platform: they are read, and neither imported nor shipped.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from odooops_dagster.errors import MissingDependency
from odooops_dagster.home import upgrade_packages
from odooops_dagster.tools.advisories.openupgrade import PACKAGE
from odooops_dagster.tools.odoo import python
from odooops_dagster.tools.odoo.distribution import only_one, staging
from odooops_dagster.tools.odoo.programs import Progress


def openupgrade_scripts(cache: Path, series: str, *, release: str | None, progress: Progress) -> Path:
    """Return the folder with OpenUpgrade's scripts of the series, the newest release or the named one.

    Raises:
        StepFailed: the package index has no such release, or does not answer.
    """
    place = upgrade_packages(cache) / f"openupgrade-{release or series}"
    wanted = f"{PACKAGE}=={release or f'{series}.*'}"
    # Without its dependencies: they are Odoo itself, and what the scripts need to run.
    return _environment(place, wanted, ("--no-deps",), is_final=release is not None, progress=progress)


def _environment(place: Path, package: str, arguments: tuple[str, ...], *, is_final: bool, progress: Progress) -> Path:
    """Return the site-packages of an environment with the package; one that is not final is made again each time."""
    venv = place / "venv"
    if is_final and venv.is_dir():
        return python.site_packages(venv)
    place.parent.mkdir(parents=True, exist_ok=True)
    with only_one(place, waiting=lambda: progress(f"another command installs {package}, waiting for it")):
        if is_final and venv.is_dir():
            return python.site_packages(venv)
        with staging(place) as folder:
            python.make_venv(sys.executable, folder / "venv", with_pip=True)
            # A wheel runs nothing while it is installed.
            options = ("--only-binary", ":all:", *arguments, package)
            python.pip_install(folder / "venv" / "bin" / "python", options, what=package, progress=progress)
            python.point_scripts_at(folder / "venv", final=venv)
            shutil.rmtree(place, ignore_errors=True)
            folder.rename(place)
    if not venv.is_dir():
        raise MissingDependency(f"{package} was installed in {place} but cannot be found there")
    return python.site_packages(venv)
