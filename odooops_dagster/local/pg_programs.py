"""Finds the PostgreSQL programs that dump and restore the environments' databases."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.dump import Programs

# The folder in which Debian's packages install the programs of each major version.
_INSTALLED = Path("/usr/lib/postgresql")


def pg_programs(settings: Settings) -> Programs:
    """Return the wheel's programs, or with an external server the newest ones on this machine.

    A newer program can read older servers and dumps, but not the reverse, so the newest works for all.
    """
    wheel = wheel_bin_dir()
    if settings.odoo_database_url is None:
        return Programs(folder=wheel)
    return Programs(folder=max([wheel, *_installed()], key=_major))


def _installed() -> Iterator[Path]:
    """Yield the folders on this machine that contain pg_dump and pg_restore."""
    folders = [*sorted(_INSTALLED.glob("*/bin")), *map(Path, os.get_exec_path())]
    yield from (folder for folder in folders if (folder / "pg_dump").is_file() and (folder / "pg_restore").is_file())


@cache
def _major(folder: Path) -> int:
    """Return the programs' major version; 0 if they do not run."""
    try:
        output = subprocess.run(
            [folder / "pg_dump", "--version"], env=clean_environment(), capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    found = re.search(r"\b(\d+)\.?", output)
    return int(found.group(1)) if found else 0
