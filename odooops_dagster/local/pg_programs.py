"""PostgreSQL's programs on this machine that dump and restore the environments' databases."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.dump import Programs

# Where Debian's packages put each major version's programs.
_INSTALLED = Path("/usr/lib/postgresql")


def pg_programs(settings: Settings) -> Programs:
    """Return PostgreSQL's programs: the wheel's, or newer ones of this machine where a server is our own.

    A newer program reads older servers and older dumps, an older one reads neither: the newest does for all.
    """
    wheel = wheel_bin_dir()
    if settings.odoo_database_url is None:
        return Programs(folder=wheel)
    return Programs(folder=max([wheel, *_installed()], key=_major))


def _installed() -> Iterator[Path]:
    """Yield the folders of this machine that hold the programs."""
    folders = [*sorted(_INSTALLED.glob("*/bin")), *map(Path, os.get_exec_path())]
    yield from (folder for folder in folders if (folder / "pg_dump").is_file() and (folder / "pg_restore").is_file())


@cache
def _major(folder: Path) -> int:
    """Return the programs' major version; 0 where they do not run."""
    try:
        said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    found = re.search(r"\b(\d+)\.?", said)
    return int(found.group(1)) if found else 0
